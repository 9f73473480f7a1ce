#pragma once

// A gateway's end of the log on Apache Kafka. Not for one machine: a send waits for three brokers' acknowledgements.

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "message_log/kafka/kafka_options.h"
#include "message_log/message_log.h"
#include "message_log/pending_answers.h"

struct rd_kafka_s;
struct rd_kafka_message_s;

namespace c4a {

struct KafkaLogCounters {
  std::atomic<std::uint64_t> appended{0};
  std::atomic<std::uint64_t> delivered{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> refused{0};
};

class KafkaMessageLog final : public MessageLog {
 public:
  // `gateway`: where decisions for this process are sent. Starts a thread that serves the producer.
  static Result<std::unique_ptr<KafkaMessageLog>> open(KafkaOptions options, std::uint64_t gateway);
  ~KafkaMessageLog() override;

  Result<> append(Command command, Completion done) override;
  // Waits up to 5 s for what is under way.
  void stop() override;
  std::size_t waiting() const override { return pending_.size(); }
  Result<> check() override;

  // Any thread: a router's decision arrived.
  void decided(std::uint64_t request, Result<Decision> decision) { pending_.decided(request, std::move(decision)); }
  // Whether decisions arrive at present; while not, nobody waits for one.
  void decisions_arrive(bool yes);

  const KafkaLogCounters& counters() const { return counters_; }
  std::uint64_t answered_without_decision() const { return pending_.expired(); }

 private:
  struct Producer;
  KafkaMessageLog(KafkaOptions options, std::uint64_t gateway);
  void serve(const std::stop_token& stop);
  void probe();
  void on_delivery(const rd_kafka_message_s& message);
  void on_error(int code, const char* reason);

  const KafkaOptions options_;
  const std::uint64_t gateway_;
  PendingAnswers pending_;
  KafkaLogCounters counters_;
  std::atomic<bool> down_{false};  // no broker answers; appends are refused at once
  std::atomic<bool> stopped_{false};
  std::atomic<bool> decisions_arrive_{true};
  std::unique_ptr<Producer> producer_;
  std::jthread thread_;
};

}  // namespace c4a
