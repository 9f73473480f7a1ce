#pragma once

// A router process's end of the log on Apache Kafka: the partitions that the consumer group gives to it. For each of
// them `PartitionOwner` gets a LogPartition; offsets are committed only behind what the owner has made durable.

#include <atomic>
#include <map>
#include <memory>
#include <thread>

#include "message_log/kafka/kafka_options.h"
#include "message_log/partition_owner.h"

namespace c4a {

struct KafkaPartitionCounters {
  std::atomic<std::uint64_t> consumed{0};
  std::atomic<std::uint64_t> dead_letters{0};
  std::atomic<std::uint64_t> rebalances{0};
  std::atomic<std::uint64_t> commits{0};
  std::atomic<std::uint64_t> errors{0};
};

class KafkaPartitions {
 public:
  // Joins the group. `owner` outlives it.
  static Result<std::unique_ptr<KafkaPartitions>> open(KafkaOptions options, PartitionOwner& owner);
  // Gives all partitions back and leaves the group.
  ~KafkaPartitions();

  Result<> check() const;
  const KafkaPartitionCounters& counters() const { return counters_; }

 private:
  friend class KafkaLogPartition;
  struct Consumer;
  class DeadLetters;
  KafkaPartitions(KafkaOptions options, PartitionOwner& owner);
  void serve(const std::stop_token& stop);
  void rebalanced(int code, void* partitions);
  void assign(void* partitions);
  void revoke(void* partitions, bool lost);
  void commit_offsets();

  const KafkaOptions options_;
  PartitionOwner& owner_;
  KafkaPartitionCounters counters_;
  std::atomic<bool> failing_{false};
  std::unique_ptr<DeadLetters> dead_letters_;
  std::unique_ptr<Consumer> consumer_;
  std::map<int, std::shared_ptr<class KafkaLogPartition>> owned_;  // the serving thread's
  std::jthread thread_;
};

}  // namespace c4a
