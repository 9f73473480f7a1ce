#include "message_log/kafka/kafka_repartition.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "base/clock.h"
#include "message_log/kafka/kafka_generations.h"
#include "message_log/kafka/kafka_topics.h"

namespace c4a {
namespace {

using Say = std::function<void(const std::string&)>;

// Routers look for a new generation each second, and their group takes some more to share it out.
constexpr std::chrono::seconds kRoutersJoin{6};
constexpr std::chrono::milliseconds kAskAgain{500};
constexpr std::int64_t kTellEveryUs = 5'000'000;

Result<> wait_until_drained(const KafkaOptions& options, const KafkaGeneration& generation, const Say& say) {
  C4A_TRY(const auto drain, KafkaDrain::open(options, generation));
  std::int64_t told_us = system_clock().monotonic_us();
  for (;;) {
    // What cannot be asked now is asked again.
    const auto done = drain->done();
    if (done && *done) return {};
    const std::int64_t now_us = system_clock().monotonic_us();
    if (now_us - told_us >= kTellEveryUs) {
      told_us = now_us;
      say(fmt::format("Routers have not yet decided all that is in {}{}.", commands_topic(options, generation.number),
                      done ? "" : fmt::format(" ({})", done.error().detail)));
    }
    std::this_thread::sleep_for(kAskAgain);
  }
}

}  // namespace

Result<std::uint64_t> repartition_kafka(const KafkaOptions& options, int partitions,
                                        const std::function<Result<>(const std::string& topic)>& made, const Say& say) {
  C4A_TRY(const auto all, kafka_generations(options));
  if (all.empty()) {
    return fail(ErrorCode::kValidationFailed,
                fmt::format("The Kafka topic {} is missing; `chat4all migrate` makes it.", commands_topic(options)));
  }
  KafkaOptions next = options;
  next.partitions = partitions;
  // An earlier call may have been interrupted after the topic was made, or after the old one was closed.
  const bool begun = all.size() > 1 && all.back().partitions == partitions;
  const KafkaGeneration old = begun ? all[all.size() - 2] : all.back();
  next.generation = old.number + 1;
  if (next.generation > kMostGenerations) {
    return fail(ErrorCode::kValidationFailed,
                fmt::format("The commands have had {} topics, and positions have no room for more; move to a new "
                            "installation.",
                            old.number));
  }
  if (!begun && old.partitions == partitions) {
    return fail(ErrorCode::kValidationFailed, fmt::format("The Kafka topic {} has {} partitions already.",
                                                          commands_topic(options, old.number), partitions));
  }
  for (const KafkaGeneration& earlier : all) {
    if (earlier.number >= old.number || earlier.closed) continue;
    return fail(ErrorCode::kValidationFailed,
                fmt::format("The Kafka topic {} is not closed yet, as an earlier move was interrupted: first run it "
                            "again with --partitions {}.",
                            commands_topic(options, earlier.number), old.partitions));
  }
  if (!old.closed) {
    C4A_CHECK(create_kafka_topics(next));
    C4A_CHECK(check_kafka_topics(next));
    C4A_CHECK(made(commands_topic(next)));
    say(fmt::format("The topic {} with {} partitions is there; routers join it.", commands_topic(next), partitions));
    std::this_thread::sleep_for(kRoutersJoin);
    C4A_CHECK(close_kafka_generation(options, old.number));
  }
  say(fmt::format("The topic {} is closed; gateways go on to {}.", commands_topic(options, old.number),
                  commands_topic(next)));
  C4A_CHECK(wait_until_drained(options, old, say));
  return next.generation;
}

}  // namespace c4a
