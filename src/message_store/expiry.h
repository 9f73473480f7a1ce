#pragma once

// What goes when messages get old: a cutoff that every reader honours at once, and RocksDB's compactions, which leave
// out what lies before it.

#include <rocksdb/compaction_filter.h>
#include <rocksdb/merge_operator.h>

#include <atomic>
#include <memory>

#include "base/clock.h"

namespace c4a::rocks {

struct Expiry {
  std::atomic<TimestampMs> cutoff{0};  // hidden from readers; 0: retention was never on
  // Dropped by compactions. It stays 0 until every conversation has a floor in `heads`: the numbering must not go down
  // with the last message.
  std::atomic<TimestampMs> drop_before{0};
};

// What a row of `log` says happens after the message it belongs to; the margin allows for clocks that differ.
inline constexpr TimestampMs kLogMarginMs = 3'600'000;

enum class ExpiringRows : bool { kMessages, kLog };  // kMessages: also the id index
std::shared_ptr<rocksdb::CompactionFilterFactory> expiry_filter_factory(std::shared_ptr<const Expiry> expiry,
                                                                        ExpiringRows rows);

// Merges numbers to the greatest, so that a floor can be raised without reading it.
std::shared_ptr<rocksdb::MergeOperator> greatest_number();

}  // namespace c4a::rocks
