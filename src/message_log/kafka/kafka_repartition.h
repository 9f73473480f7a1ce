#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "message_log/kafka/kafka_options.h"

namespace c4a {

// Gives the commands another number of partitions while gateways and routers run: makes the next generation of the
// topic, closes the one in use, and waits until that is drained (kafka_generations.h). Whatever interrupts it, calling
// it again goes on. `made` is told the next topic before any command goes into it; where that fails nothing more is
// done. `say` hears sentences for people. Answers the generation that is in use then.
// Fails with: kValidationFailed (the topic has that number, or another move has not finished), kUnavailable.
Result<std::uint64_t> repartition_kafka(const KafkaOptions& options, int partitions,
                                        const std::function<Result<>(const std::string& topic)>& made,
                                        const std::function<void(const std::string&)>& say);

}  // namespace c4a
