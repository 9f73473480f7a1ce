#include "message_log/kafka/kafka_message_log.h"

#include "base/clock.h"
#include "message_log/command_codec.h"
#include "message_log/kafka/kafka_client.h"

namespace c4a {
namespace {

constexpr int kPollMs = 5;
constexpr int kFlushMs = 5000;
constexpr int kProbeMs = 500;
constexpr std::int64_t kProbeEveryMs = 1000;

std::int64_t steady_ms() { return system_clock().monotonic_us() / 1000; }

Error no_answer() {
  return {ErrorCode::kUnavailable,
          "The message log does not answer; send again in a second, with the same message_id.",
          {},
          1};
}

Decision fallback_of(const Command& command) {
  Decision decision;
  if (const auto* send = std::get_if<SendMessage>(&command.request)) {
    decision.message_id = send->message.message_id;
    decision.created_at = send->message.created_at;
  }
  return decision;
}

}  // namespace

struct KafkaMessageLog::Producer {
  kafka::Client client;
  kafka::Topic topic;
};

KafkaMessageLog::KafkaMessageLog(KafkaOptions options, std::uint64_t gateway)
    : options_(std::move(options)), gateway_(gateway), pending_(options_.waiting_limit) {}

Result<std::unique_ptr<KafkaMessageLog>> KafkaMessageLog::open(KafkaOptions options, std::uint64_t gateway) {
  std::unique_ptr<KafkaMessageLog> log(new KafkaMessageLog(std::move(options), gateway));
  C4A_TRY(auto conf, kafka::make_conf(log->options_, {{"enable.idempotence", "true"},
                                                      {"acks", "all"},
                                                      {"partitioner", "murmur2_random"},
                                                      {"linger.ms", std::to_string(log->options_.linger_ms)},
                                                      {"request.timeout.ms", "3000"},
                                                      {"delivery.timeout.ms", "5000"},
                                                      {"queue.buffering.max.messages", "200000"},
                                                      {"batch.num.messages", "10000"}}));
  rd_kafka_conf_set_opaque(conf.get(), log.get());
  rd_kafka_conf_set_dr_msg_cb(conf.get(), [](rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
    static_cast<KafkaMessageLog*>(self)->on_delivery(*message);
  });
  rd_kafka_conf_set_error_cb(conf.get(), [](rd_kafka_t*, int code, const char* reason, void* self) {
    static_cast<KafkaMessageLog*>(self)->on_error(code, reason);
  });
  log->producer_ = std::make_unique<Producer>();
  C4A_TRY(log->producer_->client, kafka::make_client(RD_KAFKA_PRODUCER, std::move(conf)));
  log->producer_->topic.reset(
      rd_kafka_topic_new(log->producer_->client.get(), commands_topic(log->options_).c_str(), nullptr));
  log->thread_ = std::jthread([log = log.get()](const std::stop_token& stop) { log->serve(stop); });
  return log;
}

KafkaMessageLog::~KafkaMessageLog() { stop(); }

Result<> KafkaMessageLog::append(Command command, Completion done) {
  if (stopped_) return fail(ErrorCode::kUnavailable, "The server is stopping; connect again in a moment.");
  if (down_) {
    counters_.refused.fetch_add(1, std::memory_order_relaxed);
    return fail(no_answer());
  }
  const std::int64_t wait_ms = decisions_arrive_ ? options_.decision_wait_ms : 0;
  const std::uint64_t request = pending_.add(done, fallback_of(command), wait_ms);
  if (request == 0) {
    counters_.refused.fetch_add(1, std::memory_order_relaxed);
    return fail(Error{ErrorCode::kOverloaded, "Too many commands are waiting; try again in a second.", {}, 1});
  }
  const std::string bytes = encode_command(command, {gateway_, request});
  const std::string_view key = command.conversation_id.view();
  const int produced = rd_kafka_produce(producer_->topic.get(), RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY,
                                        const_cast<char*>(bytes.data()), bytes.size(), key.data(), key.size(),
                                        reinterpret_cast<void*>(request));
  if (produced == 0) {
    counters_.appended.fetch_add(1, std::memory_order_relaxed);
    return {};
  }
  (void)pending_.take_back(request);
  counters_.refused.fetch_add(1, std::memory_order_relaxed);
  const rd_kafka_resp_err_t code = rd_kafka_last_error();
  if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
    return fail(Error{ErrorCode::kOverloaded, "Too many commands are waiting; try again in a second.", {}, 1});
  }
  return fail(no_answer());
}

void KafkaMessageLog::on_delivery(const rd_kafka_message_s& message) {
  const auto request = reinterpret_cast<std::uint64_t>(message._private);
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    counters_.delivered.fetch_add(1, std::memory_order_relaxed);
    down_ = false;
    pending_.logged(request, steady_ms());
    return;
  }
  counters_.failed.fetch_add(1, std::memory_order_relaxed);
  pending_.failed(request, no_answer());
}

void KafkaMessageLog::on_error(int code, const char*) {
  if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) down_ = true;
}

void KafkaMessageLog::serve(const std::stop_token& stop) {
  std::int64_t probed_ms = 0;
  while (!stop.stop_requested()) {
    rd_kafka_poll(producer_->client.get(), kPollMs);
    const std::int64_t now = steady_ms();
    if (!decisions_arrive_) pending_.expire_all_logged();
    pending_.expire(now);
    if (!down_ || now - probed_ms < kProbeEveryMs) continue;
    probed_ms = now;
    probe();
  }
}

// While no broker answered: whether the topic can be written again.
void KafkaMessageLog::probe() {
  const struct rd_kafka_metadata* metadata = nullptr;
  if (rd_kafka_metadata(producer_->client.get(), 0, producer_->topic.get(), &metadata, kProbeMs) !=
      RD_KAFKA_RESP_ERR_NO_ERROR) {
    return;
  }
  rd_kafka_metadata_destroy(metadata);
  down_ = false;
}

Result<> KafkaMessageLog::check() {
  if (!down_) return {};
  return fail(kafka::unreachable(options_, "no broker can be reached"));
}

void KafkaMessageLog::decisions_arrive(bool yes) { decisions_arrive_ = yes; }

void KafkaMessageLog::stop() {
  if (stopped_.exchange(true)) return;
  rd_kafka_flush(producer_->client.get(), kFlushMs);
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  // What the brokers have is routed by whoever owns the partition; nobody here is left to hear of it.
  pending_.expire_all_logged();
}

}  // namespace c4a
