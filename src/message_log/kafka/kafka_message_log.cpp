#include "message_log/kafka/kafka_message_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>

#include "base/clock.h"
#include "base/planted_bug.h"
#include "base/thread_name.h"
#include "message_log/command_codec.h"
#include "message_log/kafka/carried_command.h"
#include "message_log/kafka/kafka_client.h"
#include "message_log/kafka/kafka_generations.h"

namespace c4a {
namespace {

constexpr int kPollMs = 5;
constexpr int kFlushMs = 5000;
constexpr int kPurgeMs = 1000;
constexpr int kLookMs = 1000;
constexpr std::chrono::milliseconds kTick{100};
constexpr std::int64_t kLookEveryMs = 1000;
constexpr int kResolveMs = 7000;  // longer than a delivery may take
constexpr int kFindAttempts = 20;
// Deliveries that fail one after the other, with none between that succeeds.
constexpr int kFailuresDown = 10;
// However short a wait for decisions is set: below this nobody would say that routers are behind.
constexpr std::int64_t kLeastInTimeMs = 500;

std::int64_t steady_ms() { return system_clock().monotonic_us() / 1000; }

Error no_answer() {
  return {ErrorCode::kUnavailable,
          "The message log does not answer; send again in a second, with the same message_id.",
          {},
          1};
}

Error maybe_written() {
  return {ErrorCode::kUnavailable,
          "The log got other partitions while this was written; look whether it happened, then try again.",
          {},
          1};
}

Error too_large() {
  return {ErrorCode::kBodyTooLarge,
          fmt::format("The command takes more than the {} bytes that the message log carries; send a smaller one.",
                      kafka::kMaxMessageBytes)};
}

Error too_many() { return {ErrorCode::kOverloaded, "Too many commands are waiting; try again in a second.", {}, 1}; }

Error routers_behind() {
  return {ErrorCode::kOverloaded, "More is sent than can be handled in time; send again in a second.", {}, 1};
}

Error why_not_produced(rd_kafka_resp_err_t code) {
  if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) return too_large();
  return code == RD_KAFKA_RESP_ERR__QUEUE_FULL ? too_many() : no_answer();
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

// `topic` goes before `client`.
struct KafkaMessageLog::Producer {
  kafka::Client client;
  kafka::Topic topic;
};

struct KafkaMessageLog::Reports {
  kafka::Trouble trouble;
};

KafkaMessageLog::KafkaMessageLog(KafkaOptions options, std::uint64_t gateway)
    : options_(std::move(options)),
      gateway_(gateway),
      pending_(options_.waiting_limit),
      pace_(std::max(options_.decision_wait_ms, kLeastInTimeMs)),
      reports_(std::make_unique<Reports>()),
      generation_(options_.generation) {}

Result<std::unique_ptr<KafkaMessageLog>> KafkaMessageLog::open(KafkaOptions options, std::uint64_t gateway) {
  std::unique_ptr<KafkaMessageLog> log(new KafkaMessageLog(std::move(options), gateway));
  // Where this cannot be asked, the first refusal leads on.
  if (const auto all = kafka_generations(log->options_)) {
    if (const std::uint64_t open = open_generation(*all)) log->generation_ = open;
  }
  C4A_TRY(log->producer_, log->open_producer());
  log->serving_ = std::jthread([log = log.get()](const std::stop_token& stop) { log->serve(stop); });
  log->looking_ = std::jthread([log = log.get()](const std::stop_token& stop) { log->look_after(stop); });
  return log;
}

Result<std::shared_ptr<KafkaMessageLog::Producer>> KafkaMessageLog::open_producer() {
  C4A_TRY(auto conf,
          kafka::make_conf(options_, {{"enable.idempotence", planted(PlantedBug::kAcksOne) ? "false" : "true"},
                                      {"acks", planted(PlantedBug::kAcksOne) ? "1" : "all"},
                                      {"partitioner", "murmur2_random"},
                                      // librdkafka 2.0.2 spins in poll() while an idempotent producer has more than one
                                      // request under way to a broker; what comes meanwhile shares the next one.
                                      {"max.in.flight", "1"},
                                      {"linger.ms", std::to_string(options_.linger_ms)},
                                      {"request.timeout.ms", "3000"},
                                      {"delivery.timeout.ms", "5000"},
                                      {"message.max.bytes", kafka::kMaxMessageBytes},
                                      {"queue.buffering.max.messages", "200000"},
                                      {"batch.num.messages", "10000"}}));
  rd_kafka_conf_set_opaque(conf.get(), this);
  rd_kafka_conf_set_dr_msg_cb(conf.get(), [](rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
    static_cast<KafkaMessageLog*>(self)->on_delivery(*message);
  });
  rd_kafka_conf_set_error_cb(conf.get(), [](rd_kafka_t*, int code, const char* reason, void* self) {
    static_cast<KafkaMessageLog*>(self)->on_error(code, reason);
  });
  auto made = std::make_shared<Producer>();
  C4A_TRY(made->client, kafka::make_client(RD_KAFKA_PRODUCER, std::move(conf)));
  made->topic.reset(rd_kafka_topic_new(made->client.get(), commands_topic(options_, generation_).c_str(), nullptr));
  return made;
}

KafkaMessageLog::~KafkaMessageLog() { stop(); }

std::shared_ptr<KafkaMessageLog::Producer> KafkaMessageLog::producer() const {
  const std::shared_lock lock(producer_mutex_);
  return producer_;
}

Result<> KafkaMessageLog::admits_send() {
  if (!decisions_arrive_ || pace_.admits(steady_ms())) return {};
  counters_.shed.fetch_add(1, std::memory_order_relaxed);
  counters_.refused.fetch_add(1, std::memory_order_relaxed);
  return fail(routers_behind());
}

Result<> KafkaMessageLog::append(Command command, Completion done) {
  return append_and_hear(std::move(command), std::move(done), {});
}

Result<> KafkaMessageLog::append_and_hear(Command command, Completion done, Completion late) {
  // Held to the end, so that whoever stops or replaces the producer sees every request either whole or not at all.
  const std::shared_lock lock(producer_mutex_);
  if (stopped_) return fail(ErrorCode::kUnavailable, "The server is stopping; connect again in a moment.");
  const auto refuse = [this](Error error) -> Result<> {
    counters_.refused.fetch_add(1, std::memory_order_relaxed);
    return fail(std::move(error));
  };
  if (down_) return refuse(no_answer());
  const std::int64_t now_ms = steady_ms();
  const std::int64_t wait_ms = decisions_arrive_ ? options_.decision_wait_ms : 0;
  PendingAnswers::Asked asked{std::move(done), std::move(late)};
  const std::uint64_t request = pending_.add(asked, fallback_of(command), wait_ms);
  if (request == 0) return refuse(too_many());
  const std::string bytes = encode_command(command, {gateway_, request});
  const std::string_view key = command.conversation_id.view();
  if (holding_) {
    const std::lock_guard held(held_mutex_);
    held_.push_back({request, std::string(key), bytes});
    counters_.appended.fetch_add(1, std::memory_order_relaxed);
    pace_.appended(request, now_ms);
    return {};
  }
  const int produced = produce(request, key, bytes);
  const rd_kafka_resp_err_t code = produced == 0 ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_last_error();
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
    counters_.appended.fetch_add(1, std::memory_order_relaxed);
    pace_.appended(request, now_ms);
    return {};
  }
  pending_.take_back(request);
  return refuse(why_not_produced(code));
}

int KafkaMessageLog::produce(std::uint64_t request, std::string_view key, std::string_view bytes) {
  return rd_kafka_produce(producer_->topic.get(), RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY,
                          const_cast<char*>(bytes.data()), bytes.size(), key.data(), key.size(),
                          reinterpret_cast<void*>(request));
}

void KafkaMessageLog::on_delivery(const rd_kafka_message_s& message) {
  const auto request = reinterpret_cast<std::uint64_t>(message._private);
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    counters_.delivered.fetch_add(1, std::memory_order_relaxed);
    failures_ = 0;
    down_ = false;
    pending_.logged(request, steady_ms());
    return;
  }
  if (message.err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE &&
      rd_kafka_message_status(&message) == RD_KAFKA_MSG_STATUS_NOT_PERSISTED) {
    const std::lock_guard held(held_mutex_);
    refused_.push_back({request,
                        {static_cast<const char*>(message.key), message.key_len},
                        {static_cast<const char*>(message.payload), message.len}});
    closed_ = true;
    return;
  }
  counters_.failed.fetch_add(1, std::memory_order_relaxed);
  if (++failures_ >= kFailuresDown) down_ = true;
  suspect_ = true;
  pending_.failed(request, no_answer());
}

void KafkaMessageLog::on_error(int code, const char* reason) {
  reports_->trouble.heard(code, reason);
  // Brokers also close connections that are idle, so this alone refuses nothing.
  if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) suspect_ = true;
}

void KafkaMessageLog::serve(const std::stop_token& stop) {
  name_thread("log-produce");
  while (!stop.stop_requested()) {
    rd_kafka_poll(producer()->client.get(), kPollMs);
    if (!decisions_arrive_) pending_.expire_all_logged();
    pending_.expire(steady_ms());
  }
}

// Apart from `serve`, because it waits for brokers.
void KafkaMessageLog::look_after(const std::stop_token& stop) {
  name_thread("log-check");
  std::mutex mutex;
  std::condition_variable_any stopping;
  std::unique_lock lock(mutex);
  std::int64_t looked_ms = 0;
  while (!stopping.wait_for(lock, stop, kTick, [&] { return stop.stop_requested(); })) {
    if (closed_) move_on();
    const std::int64_t now = steady_ms();
    if (now - looked_ms < kLookEveryMs) continue;
    char reason[256];
    const bool broken = rd_kafka_fatal_error(producer()->client.get(), reason, sizeof reason) != 0;
    if (!broken && !suspect_ && !down_) continue;
    looked_ms = now;
    if (broken) replace_producer();
    look_at_brokers();
  }
}

void KafkaMessageLog::hold() {
  {
    const std::lock_guard lock(producer_mutex_);
    holding_ = true;
  }
  rd_kafka_flush(producer()->client.get(), kResolveMs);
}

// A broker refused a command as too large: its generation is closed, or the topic takes less than it should. A broker
// that is asked may hear of the closing later than the one that refused.
void KafkaMessageLog::move_on() {
  hold();
  std::uint64_t open = 0;
  for (int attempt = 0; attempt < kFindAttempts; ++attempt) {
    const auto all = kafka_generations(options_);
    open = all ? open_generation(*all) : 0;
    if (open > generation_) return release(open);
    std::this_thread::sleep_for(kTick);
  }
  suspect_ = true;
  fail_refused(open == generation_ ? too_large() : maybe_written());
  release(generation_);
}

void KafkaMessageLog::release(std::uint64_t generation) {
  std::vector<std::pair<std::uint64_t, Error>> failed;
  {
    const std::lock_guard lock(producer_mutex_);
    if (generation_ != generation) {
      generation_ = generation;
      producer_->topic.reset(
          rd_kafka_topic_new(producer_->client.get(), commands_topic(options_, generation).c_str(), nullptr));
    }
    const auto carry = [&](const Held& command, std::string_view bytes) {
      if (produce(command.request, command.key, bytes) == 0)
        counters_.moved.fetch_add(1, std::memory_order_relaxed);
      else
        failed.emplace_back(command.request, why_not_produced(rd_kafka_last_error()));
    };
    const std::lock_guard held(held_mutex_);
    for (const Held& command : std::exchange(refused_, {})) {
      if (const auto bytes = carried_command(command.bytes))
        carry(command, *bytes);
      else
        failed.emplace_back(command.request, maybe_written());
    }
    for (const Held& command : std::exchange(held_, {})) carry(command, command.bytes);
    closed_ = holding_ = false;
  }
  for (const auto& [request, error] : failed) pending_.failed(request, error);
}

void KafkaMessageLog::fail_refused(const Error& error) {
  std::vector<Held> refused;
  {
    const std::lock_guard held(held_mutex_);
    refused = std::exchange(refused_, {});
  }
  for (const Held& command : refused) pending_.failed(command.request, error);
}

// An idempotent producer that has lost the order of its messages accepts no more, for good.
void KafkaMessageLog::replace_producer() {
  auto fresh = open_producer();
  if (!fresh) {
    suspect_ = down_ = true;
    return;
  }
  std::uint64_t last = 0;
  std::shared_ptr<Producer> old;
  {
    const std::lock_guard lock(producer_mutex_);
    if (stopped_) return;
    old = std::exchange(producer_, std::move(*fresh));
    last = pending_.last();
  }
  counters_.replaced_producers.fetch_add(1, std::memory_order_relaxed);
  give_up_on(*old, last);
}

void KafkaMessageLog::give_up_on(Producer& producer, std::uint64_t last) {
  rd_kafka_purge(producer.client.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_flush(producer.client.get(), kPurgeMs);
  pending_.fail_unlogged(last, no_answer());
}

void KafkaMessageLog::look_at_brokers() {
  const auto current = producer();
  suspect_ = false;  // before the look: what goes wrong meanwhile asks for another
  // Once more before everything is refused: the broker that was asked may hang while others work.
  if (writable(*current) || (!down_ && writable(*current))) {
    failures_ = 0;
    down_ = false;
    reports_->trouble.over();
    return;
  }
  suspect_ = down_ = true;
}

// Whether any partition has a leader, and copies enough for its acknowledgement. One that has not fails its own
// conversations' commands; it must not have those of the others refused.
bool KafkaMessageLog::writable(Producer& producer) const {
  // A handle of its own: the producer's is replaced when the log moves on.
  const kafka::Topic topic(
      rd_kafka_topic_new(producer.client.get(), commands_topic(options_, generation_).c_str(), nullptr));
  const struct rd_kafka_metadata* metadata = nullptr;
  if (rd_kafka_metadata(producer.client.get(), 0, topic.get(), &metadata, kLookMs) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return false;
  }
  const int copies = options_.min_replication > 1 ? 2 : 1;
  bool any = false;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const auto& known = metadata->topics[i];
    any = any || std::any_of(known.partitions, known.partitions + known.partition_cnt,
                             [&](const auto& part) { return part.leader >= 0 && part.isr_cnt >= copies; });
  }
  rd_kafka_metadata_destroy(metadata);
  return any;
}

Result<> KafkaMessageLog::check() {
  // One that does not answer may be one of several: whoever looks after the producer finds out.
  if (!down_ && !writable(*producer())) suspect_ = true;
  if (!down_) return {};
  return fail(kafka::unreachable(options_, reports_->trouble, "no partition of the commands' topic can be written"));
}

void KafkaMessageLog::decided(std::uint64_t request, Result<Decision> decision) {
  pace_.decided(request, steady_ms());
  pending_.decided(request, std::move(decision));
}

void KafkaMessageLog::decisions_arrive(bool yes) { decisions_arrive_ = yes; }

void KafkaMessageLog::stop() {
  {
    const std::lock_guard lock(producer_mutex_);
    if (std::exchange(stopped_, true)) return;
  }
  looking_ = {};  // stops and joins: from here on nobody replaces the producer
  if (producer_) {
    rd_kafka_flush(producer_->client.get(), kFlushMs);
    serving_ = {};
    // What the brokers have is routed by whoever owns the partition; nobody here is left to hear of it.
    pending_.expire_all_logged();
    give_up_on(*producer_, pending_.last());
  }
  pending_.expire_all_logged();
}

}  // namespace c4a
