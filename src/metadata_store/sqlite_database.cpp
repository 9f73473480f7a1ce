#include "metadata_store/sqlite_database.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace c4a {

namespace {

// For its owner alone: SQLite gives the files that it adds the same permissions.
Result<int> open_private_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("Cannot open {}: {}; check that the folder exists and that this process may write there.",
                            path, std::strerror(errno)));
  }
  return file;
}

}  // namespace

Result<std::unique_ptr<SqliteWriteLock>> SqliteWriteLock::open(const std::string& path) {
  C4A_TRY(const int file, open_private_file(path));
  return std::unique_ptr<SqliteWriteLock>(new SqliteWriteLock(file));
}

SqliteWriteLock::~SqliteWriteLock() { ::close(file_); }

void SqliteWriteLock::lock() {
  while (::flock(file_, LOCK_EX) != 0 && errno == EINTR) {
  }
}

void SqliteWriteLock::unlock() { ::flock(file_, LOCK_UN); }

Result<std::unique_ptr<SqliteDatabase>> SqliteDatabase::open(const std::string& path) {
  std::unique_ptr<SqliteDatabase> database(new SqliteDatabase(path));
  C4A_TRY(database->lock_, SqliteWriteLock::open(path + ".write-lock"));
  const std::scoped_lock guard(*database->lock_);
  // Only where there is none: closing a file drops every lock that this process holds on it.
  if (::access(path.c_str(), F_OK) != 0) {
    C4A_TRY(const int file, open_private_file(path));
    ::close(file);
  }
  C4A_TRY(database->writer_, SqliteConnection::open(path, SqliteConnection::Mode::kWriter));
  return database;
}

SqliteDatabase::~SqliteDatabase() {
  readers_.clear();
  if (!lock_) return;
  const std::scoped_lock guard(*lock_);  // closing the last connection checkpoints
  writer_.reset();
}

Result<std::unique_ptr<SqliteConnection>> SqliteDatabase::take_reader() {
  {
    std::unique_lock guard(reader_mutex_);
    reader_free_.wait(guard, [&] { return !readers_.empty() || readers_open_ < kReaders; });
    if (!readers_.empty()) {
      auto reader = std::move(readers_.back());
      readers_.pop_back();
      return reader;
    }
    ++readers_open_;
  }
  auto reader = SqliteConnection::open(path_, SqliteConnection::Mode::kReader);
  if (!reader) {
    const std::scoped_lock guard(reader_mutex_);
    --readers_open_;
    reader_free_.notify_one();
  }
  return reader;
}

void SqliteDatabase::give_back_reader(std::unique_ptr<SqliteConnection> reader) {
  if (reader->in_transaction()) (void)reader->run("ROLLBACK");
  const std::scoped_lock guard(reader_mutex_);
  readers_.push_back(std::move(reader));
  reader_free_.notify_one();
}

// The first caller commits for everybody who waits by then; the others sleep until their write is done or nobody is
// committing any more.
std::optional<Error> SqliteDatabase::commit(PendingWrite& mine) {
  std::unique_lock guard(write_mutex_);
  waiting_.push_back(&mine);
  write_came_.notify_one();
  write_done_.wait(guard, [&] { return mine.done || !committing_; });
  if (mine.done) return std::move(mine.failure);

  committing_ = true;
  while (!mine.done) {
    // Whoever was in the last commit is probably on the way back: without a short wait commits of one and of all take
    // turns.
    write_came_.wait_for(guard, kGatherTime, [&] { return waiting_.size() >= last_batch_; });
    std::vector<PendingWrite*> batch;
    while (!waiting_.empty() && batch.size() < kMaxWritesPerCommit) {
      batch.push_back(waiting_.front());
      waiting_.pop_front();
    }
    last_batch_ = batch.size();
    guard.unlock();
    commit_batch(batch);
    guard.lock();
    for (PendingWrite* write : batch) write->done = true;
    write_done_.notify_all();
  }
  committing_ = false;
  write_done_.notify_all();
  return std::move(mine.failure);
}

void SqliteDatabase::commit_batch(const std::vector<PendingWrite*>& batch) {
  const std::scoped_lock guard(*lock_);
  auto outcome = run_batch(batch);
  if (outcome) return;
  if (writer_->in_transaction()) (void)writer_->run("ROLLBACK");
  for (PendingWrite* write : batch) {
    // A write that refused by its own rules keeps its own answer; the rest was promised nothing and got nothing.
    if (write->kept || !write->ran) write->failure = outcome.error();
  }
}

Result<> SqliteDatabase::run_batch(const std::vector<PendingWrite*>& batch) {
  C4A_CHECK(writer_->run("BEGIN IMMEDIATE"));
  for (PendingWrite* write : batch) C4A_CHECK(run_one(*write));
  C4A_CHECK(writer_->run("COMMIT"));
  return {};
}

Result<> SqliteDatabase::run_one(PendingWrite& write) {
  C4A_CHECK(writer_->run("SAVEPOINT one_write"));
  write.kept = write.run(*writer_);
  write.ran = true;
  if (!writer_->in_transaction()) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("SQLite gave up a transaction on {}; check the space on its disk.", path_));
  }
  if (!write.kept) C4A_CHECK(writer_->run("ROLLBACK TO one_write"));
  C4A_CHECK(writer_->run("RELEASE one_write"));
  return {};
}

}  // namespace c4a
