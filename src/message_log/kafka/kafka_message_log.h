#pragma once

// A gateway's end of the log on Apache Kafka. Not for one machine: a send waits for three brokers' acknowledgements.

#include <atomic>
#include <memory>
#include <shared_mutex>
#include <string>
#include <thread>

#include "message_log/decision_pace.h"
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
  std::atomic<std::uint64_t> shed{0};  // of the refused: sends, because decisions came late
  std::atomic<std::uint64_t> replaced_producers{0};
};

class KafkaMessageLog final : public MessageLog {
 public:
  // `gateway`: where decisions for this process are sent. Starts a thread that serves the producer and one that looks
  // after it.
  static Result<std::unique_ptr<KafkaMessageLog>> open(KafkaOptions options, std::uint64_t gateway);
  ~KafkaMessageLog() override;

  Result<> append(Command command, Completion done) override;
  // Waits up to 5 s for what is under way; the rest is answered with kUnavailable.
  void stop() override;
  std::size_t waiting() const override { return pending_.size(); }
  // Asks a broker, for up to a second.
  Result<> check() override;
  // As far as is known.
  bool up() const { return !down_; }

  // Any thread: a router's decision arrived.
  void decided(std::uint64_t request, Result<Decision> decision);
  // Whether decisions arrive at present; while not, nobody waits for one.
  void decisions_arrive(bool yes);

  const KafkaLogCounters& counters() const { return counters_; }
  std::uint64_t answered_without_decision() const { return pending_.expired(); }

 private:
  struct Producer;
  struct Reports;
  KafkaMessageLog(KafkaOptions options, std::uint64_t gateway);
  Result<std::shared_ptr<Producer>> open_producer();
  std::shared_ptr<Producer> producer() const;
  void serve(const std::stop_token& stop);
  void look_after(const std::stop_token& stop);
  void replace_producer();
  // Nothing that this producer still has will be answered by it.
  void give_up_on(Producer& producer, std::uint64_t last);
  bool writable(Producer& producer) const;
  void look_at_brokers();
  void on_delivery(const rd_kafka_message_s& message);
  void on_error(int code, const char* reason);

  const KafkaOptions options_;
  const std::uint64_t gateway_;
  PendingAnswers pending_;
  DecisionPace pace_;
  KafkaLogCounters counters_;
  const std::unique_ptr<Reports> reports_;
  std::atomic<bool> suspect_{false};  // something went wrong; the next look decides
  std::atomic<bool> down_{false};     // nothing can be written; appends are refused at once
  std::atomic<int> failures_{0};      // deliveries, since the last that succeeded
  std::atomic<bool> decisions_arrive_{true};
  // Shared by appends, alone by who changes what they see.
  mutable std::shared_mutex producer_mutex_;
  std::shared_ptr<Producer> producer_;
  bool stopped_ = false;
  std::jthread serving_;
  std::jthread looking_;
};

}  // namespace c4a
