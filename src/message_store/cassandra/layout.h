#pragma once

// Where rows lie: buckets of a conversation, shards of the id index, times to live.

#include <algorithm>
#include <cstdint>
#include <limits>

#include "base/clock.h"
#include "domain/ids.h"

namespace c4a::cassandra {

inline constexpr std::int64_t kLastPosition = std::numeric_limits<std::int64_t>::max();

// The columns are signed; no position comes near that.
inline std::int64_t signed_position(std::uint64_t position) {
  return static_cast<std::int64_t>(std::min(position, static_cast<std::uint64_t>(kLastPosition)));
}

struct Layout {
  static constexpr std::int64_t kLastBucket = std::numeric_limits<std::int32_t>::max();

  std::int64_t bucket_rows = 16'384;
  int retention_days = 0;

  std::int32_t bucket_of(std::int64_t position) const {
    return static_cast<std::int32_t>(std::min<std::int64_t>(position / bucket_rows, kLastBucket));
  }
  std::int64_t first_of(std::int32_t bucket) const { return std::int64_t{bucket} * bucket_rows; }
  std::int64_t last_of(std::int32_t bucket) const { return (std::int64_t{bucket} + 1) * bucket_rows - 1; }

  // Seconds from `now` that a row of `created_at` has left; 0: for ever.
  std::int32_t time_to_live(TimestampMs created_at, TimestampMs now) const {
    if (retention_days <= 0) return 0;
    constexpr std::int64_t kLongest = 20LL * 365 * 86'400;  // Cassandra's limit
    const std::int64_t left = (created_at - now) / 1'000 + std::int64_t{retention_days} * 86'400;
    return static_cast<std::int32_t>(std::clamp<std::int64_t>(left, 1, kLongest));
  }
};

// What happens to a message comes after it, and clocks differ: such rows live so much longer.
inline constexpr TimestampMs kLogMarginMs = 3'600'000;

// The partition of the id index: it follows from the id alone. Ids of the same minute (UUIDv7) share four, so that
// those of one commit are few batches; others are spread over 4096.
inline std::int64_t shard_of(const MessageId& id) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const std::uint8_t byte : id.uuid.bytes) hash = (hash ^ byte) * 0x100000001b3;
  hash ^= hash >> 32;
  if (id.uuid.bytes[6] >> 4 != 7) return -1 - static_cast<std::int64_t>(hash & 4'095);
  std::uint64_t time = 0;  // 48 bits of milliseconds, less the lowest 16
  for (int i = 0; i < 4; ++i) time = time << 8 | id.uuid.bytes[static_cast<std::size_t>(i)];
  return static_cast<std::int64_t>(time << 2 | (hash & 3));
}

}  // namespace c4a::cassandra
