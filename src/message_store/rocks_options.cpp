#include "message_store/rocks_options.h"

#include <rocksdb/filter_policy.h>
#include <rocksdb/memtablerep.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>

#include "message_store/rocks_keys.h"

namespace c4a::rocks {
namespace {

constexpr std::size_t kMemtableBytes = 64 << 20;  // a bound only: the log's size makes them flush earlier
constexpr std::uint64_t kWeekSeconds = 7 * 24 * 60 * 60;

// For families that are only read forward and within one prefix: RocksDB's table of hashed prefixes, each with its rows
// in order. An insert into a skip list follows about 20 pointers, and three of a message's four rows are in these
// families.
std::shared_ptr<rocksdb::MemTableRepFactory> hashed_memtable() {
  constexpr std::size_t kBuckets = 64 << 10;  // about the prefixes that come between two flushes
  constexpr std::size_t kNoHugePages = 0;
  constexpr int kNoLogging = 0;
  constexpr std::uint32_t kRowsInList = 64;  // a bucket with more becomes a skip list
  return std::shared_ptr<rocksdb::MemTableRepFactory>(
      rocksdb::NewHashLinkListRepFactory(kBuckets, kNoHugePages, kNoLogging, false, kRowsInList));
}

rocksdb::BlockBasedTableOptions table_options(Family family, const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  // Filters and indexes count towards the cache's bound, and go after the data does.
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  // In small blocks of their own, so that a read brings in what it needs and not a whole file's, which for large files
  // would push everything else out of the cache each time.
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = true;
  table.metadata_block_size = 8 << 10;
  table.format_version = 5;
  table.checksum = rocksdb::kXXH3;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  // One filter entry a conversation (or message id) and file, which serves ranges and single rows alike.
  table.whole_key_filtering = !has_prefix(family);
  table.block_size = family == Family::kMessages ? 16 << 10 : 8 << 10;
  if (family == Family::kIds) {
    table.block_size = 4 << 10;
    table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
  }
  return table;
}

}  // namespace

rocksdb::DBOptions database_options(std::uint64_t log_bytes) {
  rocksdb::DBOptions options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.paranoid_checks = true;
  options.max_background_jobs = 2;

  // One thread writes, in batches that are already large.
  options.allow_concurrent_memtable_write = false;
  options.enable_pipelined_write = false;
  options.unordered_write = false;

  // After a crash the log is replayed before anything is served, so it stays short, and what was replayed stays in
  // memory instead of being flushed first. WalFileSystem has already cut off a torn tail.
  options.max_total_wal_size = log_bytes;
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.avoid_flush_during_recovery = true;
  options.avoid_flush_during_shutdown = false;
  options.wal_bytes_per_sync = 0;
  options.bytes_per_sync = 1 << 20;      // table files reach the disk little by little, and not in a commit's way
  options.max_bgerror_resume_count = 0;  // the next commit resumes

  options.max_open_files = -1;
  options.skip_stats_update_on_db_open = true;
  options.avoid_unnecessary_blocking_io = true;  // a reader must not be the one who clears away old files
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  options.keep_log_file_num = 4;
  options.max_log_file_size = 4 << 20;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  return options;
}

rocksdb::ColumnFamilyOptions family_options(Family family, const std::shared_ptr<rocksdb::Cache>& cache,
                                            const std::shared_ptr<const Expiry>& expiry) {
  rocksdb::ColumnFamilyOptions options;
  if (reads_forward_only(family)) options.memtable_factory = hashed_memtable();
  options.write_buffer_size = kMemtableBytes;
  options.max_write_buffer_number = 6;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table_options(family, cache)));
  if (has_prefix(family)) options.prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(kIdBytes));

  options.level_compaction_dynamic_level_bytes = true;
  options.level0_file_num_compaction_trigger = 24;  // small files, because the log is short
  options.level0_slowdown_writes_trigger = 60;
  options.level0_stop_writes_trigger = 100;
  options.max_bytes_for_level_base = 512 << 20;
  // Only where rows come to rest: above that they are soon written again.
  options.compression = rocksdb::kNoCompression;
  if (family != Family::kIds) options.bottommost_compression = rocksdb::kLZ4Compression;
  // Every file is read and written again once a week, so that what expired goes and what rots is found.
  options.periodic_compaction_seconds = kWeekSeconds;

  switch (family) {
    case Family::kMessages:
      options.compaction_filter_factory = expiry_filter_factory(expiry, ExpiringRows::kMessages);
      break;
    case Family::kIds:
      options.compaction_filter_factory = expiry_filter_factory(expiry, ExpiringRows::kMessages);
      options.memtable_prefix_bloom_size_ratio = 0.002;  // 128 KiB: 50 bits an id at the usual size of a memtable
      break;
    case Family::kLog:
      options.compaction_filter_factory = expiry_filter_factory(expiry, ExpiringRows::kLog);
      break;
    case Family::kHeads:
      options.merge_operator = greatest_number();
      options.max_successive_merges = 16;
      break;
    case Family::kDefault:
    case Family::kUsers:
      break;
  }
  return options;
}

}  // namespace c4a::rocks
