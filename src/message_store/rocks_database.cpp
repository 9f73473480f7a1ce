#include "message_store/rocks_database.h"

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/env.h>

#include <algorithm>
#include <cassert>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "base/encoding.h"
#include "message_store/row_codec.h"
#include "message_store/wal_file_system.h"

namespace c4a::rocks {
namespace {

void end_process(const std::string& what) {
  fmt::print(stderr, "chat4all: {}\n", what);
  std::_Exit(1);
}

Error error(ErrorCode code, std::string detail) { return Error{code, std::move(detail)}; }

}  // namespace

Database::Database(RocksMessageStoreOptions options) : options_(std::move(options)) {
  if (!options_.on_fatal) options_.on_fatal = end_process;
}

Database::~Database() {
  if (!db_) return;
  rocksdb::CancelAllBackgroundWork(db_.get(), true);
  for (auto* handle : families_) db_->DestroyColumnFamilyHandle(handle);
  db_->Close().PermitUncheckedError();
}

Result<std::unique_ptr<Database>> Database::open(RocksMessageStoreOptions options) {
  std::unique_ptr<Database> database(new Database(std::move(options)));
  C4A_CHECK(database->open_files());
  C4A_CHECK(database->read_meta());
  return database;
}

Result<> Database::open_files() {
  std::error_code failed;
  std::filesystem::create_directories(options_.path, failed);
  if (failed) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("The data directory {} cannot be made: {}.", options_.path, failed.message()));
  }
  C4A_TRY(WalList list, WalList::load(options_.path));
  WalFiles files = wal_file_system(rocksdb::FileSystem::Default(), options_.path, std::move(list), options_.log_bytes,
                                   options_.faults);
  wal_space_ = std::move(files.space);
  env_ = rocksdb::NewCompositeEnv(std::move(files.system));
  rocksdb::DBOptions database = database_options(options_.log_bytes);
  database.env = env_.get();

  std::vector<std::string> present;
  rocksdb::DB::ListColumnFamilies(database, options_.path, &present).PermitUncheckedError();  // Open says why it fails
  for (const std::string& name : present) {
    if (std::ranges::find(kFamilyNames, name) == kFamilyNames.end()) {
      return fail(ErrorCode::kCorrupt,
                  fmt::format("The data directory {} was written by a newer version of Chat4All (it holds '{}'). "
                              "Start that version, or restore a backup that this one wrote.",
                              options_.path, name));
    }
  }

  constexpr int kShardBits = 4;  // by its own choice a small cache has shards that hold hardly a block each
  const auto cache = rocksdb::NewLRUCache(options_.block_cache_bytes, kShardBits);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (std::size_t i = 0; i < kFamilyNames.size(); ++i) {
    families.emplace_back(kFamilyNames[i], family_options(static_cast<Family>(i), cache, expiry_));
  }
  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  const rocksdb::Status status = rocksdb::DB::Open(database, options_.path, families, &handles, &db);
  if (!status.ok()) return fail(open_error(status));
  db_.reset(db);
  std::ranges::copy(handles, families_.begin());
  return {};
}

Error Database::open_error(const rocksdb::Status& status) const {
  const std::string text = status.ToString();
  if (status.IsIOError() && (text.contains("lock file") || text.contains("lock hold"))) {
    return error(ErrorCode::kUnavailable,
                 fmt::format("The data directory {} is in use by another process.", options_.path));
  }
  if (status.IsCorruption()) {
    return error(ErrorCode::kCorrupt,
                 fmt::format("The data in {} is damaged: {}. Nothing was changed. Restore the directory from a backup, "
                             "or find out with the disk's own tools whether the file can be read again.",
                             options_.path, text));
  }
  return error(status.IsIOError() ? ErrorCode::kUnavailable : ErrorCode::kCorrupt,
               fmt::format("The data directory {} cannot be opened: {}.", options_.path, text));
}

Result<> Database::read_meta() {
  C4A_TRY(const auto format, get_number(kFormatKey));
  if (format && *format > kFormatVersion) {
    return fail(
        ErrorCode::kCorrupt,
        fmt::format("The data directory {} was written by a newer version of Chat4All (format {}, this one knows "
                    "{}). Start that version, or restore a backup that this one wrote.",
                    options_.path, *format, kFormatVersion));
  }
  if (!format) {
    rocksdb::WriteBatch batch;
    std::string value;
    put_number(value, kFormatVersion);
    batch.Put(family(Family::kDefault), slice(kFormatKey), slice(value));
    put_number(value, 1);
    batch.Put(family(Family::kDefault), slice(kFloorsKey), slice(value));
    const std::lock_guard lock(write_lock_);
    C4A_CHECK(write(batch));
  }
  C4A_TRY(const auto position, get_number(kPositionKey));
  committed_position = position.value_or(0);
  C4A_TRY(const auto cutoff, get_number(kCutoffKey));
  expiry_->cutoff = static_cast<TimestampMs>(cutoff.value_or(0));
  C4A_TRY(const auto floors, get_number(kFloorsKey));
  floors_complete = floors.has_value();
  if (floors_complete) expiry_->drop_before = expiry_->cutoff.load();
  return {};
}

Result<bool> Database::get(Family from, std::string_view key, rocksdb::PinnableSlice& value) {
  value.Reset();
  const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), family(from), slice(key), &value);
  if (status.ok()) return true;
  if (status.IsNotFound()) return false;
  return fail(read_error(status));
}

Result<std::optional<std::uint64_t>> Database::get_number(std::string_view key) {
  rocksdb::PinnableSlice value;
  C4A_TRY(const bool found, get(Family::kDefault, key, value));
  if (!found) return std::nullopt;
  const auto number = rocks::get_number(view(value));
  if (!number) return fail(damaged_row(Family::kDefault, key));
  return number;
}

Result<> Database::write(rocksdb::WriteBatch& batch) {
  if (const rocksdb::Status room = wal_space_->make_room(batch.GetDataSize()); !room.ok()) return write_failed(room);
  if (stopped_) {
    // Busy: it looks for space itself, every 5 s.
    const rocksdb::Status status = db_->Resume();
    if (!status.ok() && !status.IsBusy()) return write_failed(status);
  }
  rocksdb::WriteOptions durable;
  durable.sync = true;
  const rocksdb::Status status = db_->Write(durable, &batch);
  stopped_ = !status.ok();
  if (!status.ok()) return write_failed(status);
  disk_full_ = false;
  return {};
}

Result<> Database::write_failed(const rocksdb::Status& status) {
  if (status.IsNoSpace()) {
    disk_full_ = true;
    return fail(ErrorCode::kUnavailable, "The disk is full: nothing can be stored until there is space.");
  }
  if (status.IsIOError() || status.IsCorruption()) {
    options_.on_fatal(
        fmt::format("Writing to {} failed ({}). Whether the data is on the disk is not known, so the process "
                    "ends; the next start reads what is.",
                    options_.path, status.ToString()));
  }
  return fail(ErrorCode::kUnavailable, fmt::format("{} cannot be written: {}.", options_.path, status.ToString()));
}

Error Database::read_error(const rocksdb::Status& status) const {
  if (status.IsCorruption()) {
    return error(ErrorCode::kCorrupt, fmt::format("The data in {} is damaged: {}.", options_.path, status.ToString()));
  }
  return error(ErrorCode::kUnavailable, fmt::format("{} cannot be read: {}.", options_.path, status.ToString()));
}

Error Database::damaged_row(Family from, std::string_view key) const {
  return error(ErrorCode::kCorrupt,
               fmt::format("In {} the row {} of '{}' is damaged or of a newer version.", options_.path, to_hex(key),
                           kFamilyNames[static_cast<std::size_t>(from)]));
}

Scan::Scan(Database& database, Family family, std::string_view lower, std::string upper)
    : database_(database),
      family_(family),
      lower_(lower),
      upper_(std::move(upper)),
      lower_bound_(lower_),
      upper_bound_(upper_) {
  rocksdb::ReadOptions options;
  options.iterate_lower_bound = &lower_bound_;
  options.iterate_upper_bound = &upper_bound_;
  options.prefix_same_as_start = has_prefix(family);
  options.adaptive_readahead = true;
  options.background_purge_on_iterator_cleanup = true;
  iterator_.reset(database_.db().NewIterator(options, database_.family(family)));
}

void Scan::to_last() {
  assert(!reads_forward_only(family_));
  iterator_->SeekForPrev(slice(upper_));
}

Result<> Scan::status() const {
  if (iterator_->status().ok()) return {};
  return fail(database_.read_error(iterator_->status()));
}

}  // namespace c4a::rocks
