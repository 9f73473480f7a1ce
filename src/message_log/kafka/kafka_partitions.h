#pragma once

// A router process's end of the log on Apache Kafka: the partitions that the consumer group gives to it. For each of
// them `PartitionOwner` gets a LogPartition; offsets are committed only behind what the owner has made durable.
//
// When a later generation of the topic appears (kafka_generations.h), its partitions are taken too, and held back until
// the one before is drained. Where the client stops reading a partition that has more, it is read anew (kafka_watch.h).

#include <atomic>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string_view>
#include <thread>
#include <vector>

#include "message_log/kafka/kafka_options.h"
#include "message_log/kafka/kafka_place.h"
#include "message_log/partition_owner.h"

namespace c4a {

struct KafkaPartitionCounters {
  std::atomic<std::uint64_t> consumed{0};
  std::atomic<std::uint64_t> dead_letters{0};  // safe in the topic for them
  std::atomic<std::uint64_t> rebalances{0};
  std::atomic<std::uint64_t> commits{0};
  std::atomic<std::uint64_t> errors{0};
  std::atomic<std::uint64_t> read_anew{0};  // partitions that the client had stopped reading
};

class KafkaDeadLetters;
class KafkaLogPartition;
class KafkaWatch;

class KafkaPartitions {
 public:
  // Joins the group. `owner` outlives it.
  static Result<std::unique_ptr<KafkaPartitions>> open(KafkaOptions options, PartitionOwner& owner);
  ~KafkaPartitions();
  // Gives all partitions back and leaves the group.
  void stop();

  // Fails with: kUnavailable where no broker answers, or a partition of this process is not read, with the cause. Any
  // thread.
  Result<> check() const;
  const KafkaPartitionCounters& counters() const { return counters_; }

 private:
  friend class KafkaLogPartition;
  struct Consumer;
  KafkaPartitions(KafkaOptions options, PartitionOwner& owner);
  void serve(const std::stop_token& stop);
  void rebalanced(int code, void* partitions);
  void hurry_second_round();
  void assign(void* partitions);
  void revoke(void* partitions, bool lost);
  bool read_start(void* partitions);
  void commit_offsets(bool wait);
  void offsets_committed(int code, const void* partitions);
  void look_at_brokers(std::int64_t now_us);
  Result<> subscribe();
  void release_held();
  KafkaPlace place_of(std::string_view topic, int partition) const;
  void watch(const std::stop_token& stop);
  void look_for_unread();
  void read_anew();
  void forget_trouble();

  const KafkaOptions options_;
  PartitionOwner& owner_;
  KafkaPartitionCounters counters_;
  std::atomic<bool> failing_{false};  // no broker answers
  std::unique_ptr<KafkaDeadLetters> dead_letters_;
  std::unique_ptr<Consumer> consumer_;
  mutable std::mutex owned_mutex_;  // the serving thread alone writes; it reads without
  std::map<int, std::shared_ptr<KafkaLogPartition>> owned_;
  std::vector<std::shared_ptr<KafkaLogPartition>> unread_;  // to be read anew; both threads
  std::atomic<std::uint64_t> newest_;                       // generation that is there
  std::atomic<std::uint64_t> active_;                       // the last one that may be decided
  // The serving thread's:
  std::set<int> held_;                     // of later generations: owned, and not yet the owner's
  std::map<int, std::int64_t> committed_;  // the offsets that the brokers have from here
  bool assigned_once_ = false;
  bool suspect_ = false;  // a broker was lost, and none has answered since
  std::int64_t rebalanced_us_ = std::numeric_limits<std::int64_t>::min() / 2;  // the last callback of the group
  std::int64_t looked_us_ = 0;
  std::int64_t commit_sent_us_ = 0;  // 0: none under way
  std::unique_ptr<KafkaWatch> watch_;
  std::jthread thread_;
  std::jthread watching_;
};

}  // namespace c4a
