#pragma once

// The RocksDB database of one RocksMessageStore: opening it, reading, writing, and what its errors mean.

#include <rocksdb/db.h>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "domain/ids.h"
#include "message_store/expiry.h"
#include "message_store/rocks_message_store.h"
#include "message_store/rocks_options.h"
#include "message_store/wal_file_system.h"

namespace c4a::rocks {

// 2: every commit writes floors, from the store's first day. A store of format 1 stays one: its commits write floors
// once messages may expire.
inline constexpr std::uint64_t kFormatVersion = 2;

// Keys in the family `default`, each with a number.
inline constexpr std::string_view kFormatKey = "format";
inline constexpr std::string_view kPositionKey = "position";       // of the last commit
inline constexpr std::string_view kCutoffKey = "expired_before";   // the highest cutoff so far
inline constexpr std::string_view kFloorsKey = "floors_complete";  // every conversation has a floor

inline std::string_view view(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }
inline rocksdb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

class Database {
 public:
  static Result<std::unique_ptr<Database>> open(RocksMessageStoreOptions options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  rocksdb::DB& db() { return *db_; }
  rocksdb::ColumnFamilyHandle* family(Family family) const { return families_[static_cast<std::size_t>(family)]; }
  Expiry& expiry() { return *expiry_; }

  // False: there is no such row.
  Result<bool> get(Family family, std::string_view key, rocksdb::PinnableSlice& value);
  Result<std::optional<std::uint64_t>> get_number(std::string_view key);  // from `default`

  // Held while a batch is built and written.
  std::mutex& write_lock() { return write_lock_; }
  // Makes the batch durable. Needs the write lock.
  Result<> write(rocksdb::WriteBatch& batch);
  // The disk was full at the last write.
  bool disk_full() const { return disk_full_.load(std::memory_order_relaxed); }

  Error read_error(const rocksdb::Status& status) const;
  Error damaged_row(Family family, std::string_view key) const;

  std::atomic<std::uint64_t> committed_position{0};
  // Every conversation's floor is its last seq, and stays it: no look at the messages is needed.
  std::atomic<bool> floors_complete{false};

 private:
  explicit Database(RocksMessageStoreOptions options);
  Result<> open_files();
  Result<> read_meta();
  Error open_error(const rocksdb::Status& status) const;
  Result<> write_failed(const rocksdb::Status& status);

  RocksMessageStoreOptions options_;
  std::shared_ptr<Expiry> expiry_ = std::make_shared<Expiry>();
  std::shared_ptr<WalSpace> wal_space_;
  std::unique_ptr<rocksdb::Env> env_;  // outlives db_
  std::unique_ptr<rocksdb::DB> db_;
  std::array<rocksdb::ColumnFamilyHandle*, kFamilyNames.size()> families_{};
  std::mutex write_lock_;
  bool stopped_ = false;  // RocksDB takes no write until it is told to go on; guarded by write_lock_
  std::atomic<bool> disk_full_{false};
};

// The rows of one family with lower <= key < upper, in a snapshot. Where the family has a prefix, all three begin with
// the same 16 bytes.
class Scan {
 public:
  Scan(Database& database, Family family, std::string_view lower, std::string upper);
  // `iterator_` refers to the bounds.
  Scan(const Scan&) = delete;
  Scan& operator=(const Scan&) = delete;

  void to_first() { iterator_->Seek(slice(lower_)); }
  // Only where !reads_forward_only(family), as previous.
  void to_last();
  bool valid() const { return iterator_->Valid(); }
  void next() { iterator_->Next(); }
  void previous() { iterator_->Prev(); }
  std::string_view key() const { return view(iterator_->key()); }
  std::string_view value() const { return view(iterator_->value()); }
  // After the scan has ended: whether it saw everything.
  Result<> status() const;
  Error damaged_row() const { return database_.damaged_row(family_, key()); }

 private:
  Database& database_;
  Family family_;
  const std::string lower_;
  const std::string upper_;
  const rocksdb::Slice lower_bound_;
  const rocksdb::Slice upper_bound_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

}  // namespace c4a::rocks
