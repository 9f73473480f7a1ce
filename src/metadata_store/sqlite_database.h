#pragma once

// One SQLite file: a single writer whose waiting callers share commits, and a few read-only connections.
//
// SQLite before 3.51.3 can damage the file when two connections write or checkpoint at the same moment. So one
// connection does both, under a mutex inside the process and under a lock file between processes (a command line tool
// may work beside the running server), and readers never checkpoint, not even when they close.

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/result.h"
#include "metadata_store/sqlite_connection.h"

namespace c4a {

// An advisory lock between processes, on a file of its own.
class SqliteWriteLock {
 public:
  static Result<std::unique_ptr<SqliteWriteLock>> open(const std::string& path);
  ~SqliteWriteLock();
  SqliteWriteLock(const SqliteWriteLock&) = delete;
  SqliteWriteLock& operator=(const SqliteWriteLock&) = delete;

  void lock();  // waits
  void unlock();

 private:
  explicit SqliteWriteLock(int file) : file_(file) {}
  int file_;
};

class SqliteDatabase {
 public:
  static constexpr std::size_t kReaders = 4;
  static constexpr std::size_t kMaxWritesPerCommit = 256;
  // How long a commit waits for as many writers as the last one had: much less than it takes itself.
  static constexpr std::chrono::microseconds kGatherTime{200};

  static Result<std::unique_ptr<SqliteDatabase>> open(const std::string& path);
  ~SqliteDatabase();

  // Runs `body` (SqliteConnection& → Result<T>) on a read-only connection. Waits while all are taken.
  template <class Body>
  auto read(const Body& body) {
    using Answer = std::invoke_result_t<const Body&, SqliteConnection&>;
    auto reader = take_reader();
    if (!reader) return Answer(std::unexpected(std::move(reader.error())));
    Answer answer = body(**reader);
    give_back_reader(std::move(*reader));
    return answer;
  }

  // Runs `body` (SqliteConnection& → Result<T>) inside a transaction that it may share with others; its error undoes
  // its own changes alone. Returns once the commit is durable. `body` runs on any of the waiting threads, and once.
  template <class Body>
  auto write(const Body& body) {
    using Answer = std::invoke_result_t<const Body&, SqliteConnection&>;
    std::optional<Answer> answer;
    PendingWrite pending{[&](SqliteConnection& connection) {
      answer.emplace(body(connection));
      return answer->has_value();
    }};
    if (auto failure = commit(pending)) return Answer(std::unexpected(std::move(*failure)));
    return std::move(*answer);
  }

 private:
  struct PendingWrite {
    std::function<bool(SqliteConnection&)> run;  // whether to keep what it changed
    bool ran = false;
    bool kept = false;
    bool done = false;
    std::optional<Error> failure{};  // of the shared transaction
  };

  explicit SqliteDatabase(std::string path) : path_(std::move(path)) {}
  Result<std::unique_ptr<SqliteConnection>> take_reader();
  void give_back_reader(std::unique_ptr<SqliteConnection> reader);
  std::optional<Error> commit(PendingWrite& mine);
  void commit_batch(const std::vector<PendingWrite*>& batch);
  Result<> run_batch(const std::vector<PendingWrite*>& batch);
  Result<> run_one(PendingWrite& write);

  std::string path_;
  std::unique_ptr<SqliteWriteLock> lock_;
  std::unique_ptr<SqliteConnection> writer_;  // used by the thread that set committing_

  std::mutex write_mutex_;
  std::condition_variable write_done_;
  std::deque<PendingWrite*> waiting_;
  std::condition_variable write_came_;
  bool committing_ = false;
  std::size_t last_batch_ = 0;

  std::mutex reader_mutex_;
  std::condition_variable reader_free_;
  std::vector<std::unique_ptr<SqliteConnection>> readers_;
  std::size_t readers_open_ = 0;
};

}  // namespace c4a
