#pragma once

#include <rocksdb/file_system.h>

#include <cstdint>
#include <memory>
#include <string>

#include "message_store/wal_faults.h"
#include "message_store/wal_list.h"

namespace c4a::rocks {

class WalSpace {
 public:
  virtual ~WalSpace() = default;
  // Takes from the disk what a record of `bytes` needs, in the log that is written and in one that may follow it. One
  // thread at a time, and none that writes meanwhile.
  virtual rocksdb::IOStatus make_room(std::uint64_t bytes) = 0;
};

struct WalFiles {
  std::shared_ptr<rocksdb::FileSystem> system;
  std::shared_ptr<WalSpace> space;
};

inline constexpr int kSpareLogs = 2;

// The file system that RocksDB sees, with another way of writing the write-ahead log.
//
// A commit waits for one fdatasync of the log. On a file that grows, that is a write of the file system's journal
// besides the data: 113 us instead of 90 for one message, 290 instead of 160 for a batch of 256 (ext4 on the project's
// machine). So a log that is no longer needed is not deleted but filled with zeros, and becomes the next log: it is
// written over, and does not grow. RocksDB's own recycle_log_file_num does not go with a recovery that refuses damage.
//
// Before RocksDB reads a log, it is checked as wal_check.h says: a torn tail of the newest is cut off, and anything
// else that is damaged is refused, with the file's name. So is a log that holds less than `list` asks for.
//
// RocksDB does not get over a log that took no write while nothing was in its memtables, so it must not meet a full
// disk there: `WalSpace::make_room` comes before each write.
//
// `log_bytes`: the size that a spare log is brought to. At most kSpareLogs are kept. `faults`: for tests.
WalFiles wal_file_system(std::shared_ptr<rocksdb::FileSystem> base, std::string directory, WalList list,
                         std::uint64_t log_bytes, std::shared_ptr<const WalFaults> faults = nullptr);

}  // namespace c4a::rocks
