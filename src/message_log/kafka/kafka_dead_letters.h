#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "message_log/kafka/kafka_client.h"

namespace c4a {

// The topic for what cannot be decided. One at a time, and only when something is wrong. One that is there twice does
// no harm, so the producer is a plain one: an idempotent one can fail for good.
class KafkaDeadLetters {
 public:
  // Fails with: kUnavailable.
  static Result<std::unique_ptr<KafkaDeadLetters>> open(const KafkaOptions& options);

  // Any thread. Blocks until the bytes are safe; false where they are not after some seconds.
  bool put(const std::string& source, int partition, std::int64_t offset, std::string_view bytes,
           std::string_view reason);

 private:
  std::mutex mutex_;
  kafka::Client client_;
  std::string topic_;
};

}  // namespace c4a
