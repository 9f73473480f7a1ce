#pragma once

// Generations of the commands' topic. Another number of partitions is another topic: `chat_messages.2` after
// `chat_messages`. A generation is *closed* when a later one is there and the brokers take no more commands into it:
// its max.message.bytes lies between the size of a fence and that of any command. It is *drained* when all that is in
// it is durable in the store; only then are commands of the next one decided.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "message_log/kafka/kafka_options.h"

namespace c4a {

namespace kafka {
class Admin;
}

struct KafkaGeneration {
  std::uint64_t number = 1;
  int partitions = 0;
  bool closed = false;
};

// From options.generation on, as many as there are one after the other; none where that topic is missing. Blocks some
// 100 ms. Fails with: kUnavailable.
Result<std::vector<KafkaGeneration>> kafka_generations(const KafkaOptions& options);
Result<std::vector<KafkaGeneration>> kafka_generations(kafka::Admin& admin, const KafkaOptions& options);

// A consumer's pattern (POSIX, extended) for the topics of that generation and of all later ones.
std::string generations_pattern(const KafkaOptions& options, std::uint64_t first);
// Of the commands' topic of that name; 0: it is none.
std::uint64_t generation_of(const KafkaOptions& options, std::string_view topic);

// The one that commands go to: the first that is not closed; 0 where there is none.
std::uint64_t open_generation(const std::vector<KafkaGeneration>& generations);

// Asks the brokers to take no more commands into it. Fails with: kUnavailable.
Result<> close_kafka_generation(const KafkaOptions& options, std::uint64_t generation);

// Whether a closed generation is drained. One thread.
class KafkaDrain {
 public:
  // Fails with: kUnavailable.
  static Result<std::unique_ptr<KafkaDrain>> open(const KafkaOptions& options, const KafkaGeneration& generation);
  ~KafkaDrain();

  // First makes sure: each partition's leader must have refused something of a command's size, and then have
  // acknowledged a fence, behind which no command can stand. From then on it compares the group's offsets with the
  // fences. Blocks up to some seconds. Fails with: kUnavailable, ask again.
  Result<bool> done();

 private:
  struct Clients;
  KafkaDrain(const KafkaOptions& options, const KafkaGeneration& generation);
  bool fence(int partition);

  const std::string topic_;
  std::vector<std::int64_t> fences_;  // offsets by partition; -1 for none yet
  std::unique_ptr<Clients> clients_;
};

}  // namespace c4a
