#pragma once

#include <cstdint>
#include <string>

namespace c4a {

// Where a partition lies.
struct KafkaPlace {
  std::string topic;
  int partition = 0;
  std::uint64_t generation = 1;  // of the topic

  // Of all partitions that a process may have at once.
  int number() const { return static_cast<int>(generation << 14) + partition; }
};

}  // namespace c4a
