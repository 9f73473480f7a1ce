#pragma once

// A gateway's end of the log on Apache Kafka. Not for one machine: a send waits for three brokers' acknowledgements.
//
// When the brokers refuse a command because its generation of the topic is closed (kafka_generations.h), the log moves
// on: what comes meanwhile is held, then what was refused and what is held goes to the next generation, in order. Of
// what was refused only that which may be there twice (carried_command.h); the rest is answered with kUnavailable.

#include <atomic>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

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
  std::atomic<std::uint64_t> moved{0};  // commands that went on to the next generation
};

class KafkaMessageLog final : public MessageLog {
 public:
  // `gateway`: where decisions for this process are sent. Starts a thread that serves the producer and one that looks
  // after it.
  static Result<std::unique_ptr<KafkaMessageLog>> open(KafkaOptions options, std::uint64_t gateway);
  ~KafkaMessageLog() override;

  Result<> append(Command command, Completion done) override;
  Result<> append_and_hear(Command command, Completion done, Completion late) override;
  Result<> admits_send() override;
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
  // Of the topic that commands go to.
  std::uint64_t generation() const { return generation_; }
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
  // What a closed generation refused, or what came while the log moves on.
  struct Held {
    std::uint64_t request;
    std::string key;
    std::string bytes;
  };
  // Nothing is produced until `release`; what is under way comes back or is refused.
  void hold();
  void move_on();
  void release(std::uint64_t generation);
  void fail_refused(const Error& error);
  int produce(std::uint64_t request, std::string_view key, std::string_view bytes);
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
  std::atomic<std::uint64_t> generation_;
  std::atomic<bool> closed_{false};  // the generation refused a command
  std::mutex held_mutex_;
  std::vector<Held> refused_;  // in order, for each partition
  std::vector<Held> held_;     // in order
  // Shared by appends, alone by who changes what they see.
  mutable std::shared_mutex producer_mutex_;
  std::shared_ptr<Producer> producer_;
  bool holding_ = false;
  bool stopped_ = false;
  std::jthread serving_;
  std::jthread looking_;
};

}  // namespace c4a
