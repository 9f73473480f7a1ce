#pragma once

// What a router process asks the brokers from time to time. Everything here waits for them, so it has a thread of its
// own (kafka_partitions.h).

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "message_log/kafka/kafka_admin.h"
#include "message_log/kafka/kafka_generations.h"
#include "message_log/kafka/kafka_log_partition.h"

namespace c4a {

class KafkaWatch {
 public:
  explicit KafkaWatch(const KafkaOptions& options) : options_(options) {}

  // Moves `active` to the first generation that is not drained, and `newest` to the last that is there.
  Result<> look_at_generations(std::atomic<std::uint64_t>& active, std::atomic<std::uint64_t>& newest);

  // Those of `owned` which the client has stopped reading although the log goes on behind what they have read: because
  // a broker that came back, and took itself for the leader still, said that there was no such offset; or in vain for
  // seconds, for whatever cause. One whose position is truly none of the log is not among them.
  using Partitions = std::vector<std::shared_ptr<KafkaLogPartition>>;
  Result<Partitions> unread(const Partitions& owned);

 private:
  Result<kafka::Admin*> admin();
  Result<bool> is_drained(const KafkaGeneration& generation);
  bool is_unread(const KafkaLogPartition& partition, const kafka::Admin::Range& range);

  KafkaOptions options_;
  std::optional<kafka::Admin> admin_;
  std::unique_ptr<KafkaDrain> drain_;      // of the active generation
  std::map<int, std::int64_t> overtaken_;  // partitions behind which the log went on at the last look: their positions
};

}  // namespace c4a
