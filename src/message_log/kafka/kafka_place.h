#pragma once

#include <cstdint>
#include <string>

#include "domain/ids.h"
#include "message_log/kafka/kafka_options.h"

namespace c4a {

// Where a partition lies. Each has a lane of positions of its own (ids.h), those of a later generation higher.
struct KafkaPlace {
  // Nine more bits for the generation, and a position has 63.
  static constexpr int kPartitionBits = 12;
  static_assert(kMostPartitions <= 1 << kPartitionBits && kMostGenerations < 1 << (63 - kLaneBits - kPartitionBits));

  std::string topic;
  int partition = 0;
  std::uint64_t generation = 1;  // of the topic

  // Of all partitions that a process may have at once.
  int number() const { return static_cast<int>(generation << kPartitionBits) + partition; }
  LogPosition position_of(std::int64_t offset) const { return {begin() + static_cast<std::uint64_t>(offset) + 1}; }
  std::int64_t offset_of(LogPosition position) const { return static_cast<std::int64_t>(position.value - begin()) - 1; }

 private:
  std::uint64_t begin() const { return lane_begin(static_cast<std::uint64_t>(number())).value; }
};

}  // namespace c4a
