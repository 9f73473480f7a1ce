#include "message_log/kafka/kafka_partitions.h"

#include "base/clock.h"
#include "message_log/kafka/kafka_client.h"
#include "message_log/kafka/kafka_log_partition.h"

namespace c4a {
namespace {

constexpr int kPollMs = 50;
constexpr std::int64_t kCommitEveryMs = 1000;
constexpr int kCommittedMs = 5000;
constexpr int kDeadLetterMs = 5000;

rd_kafka_topic_partition_list_t& as_list(void* partitions) {
  return *static_cast<rd_kafka_topic_partition_list_t*>(partitions);
}

}  // namespace

struct KafkaPartitions::Consumer {
  kafka::Client client;
};

// The topic for what cannot be decided. One at a time, and only when something is wrong.
class KafkaPartitions::DeadLetters {
 public:
  static Result<std::unique_ptr<DeadLetters>> open(const KafkaOptions& options) {
    auto made = std::make_unique<DeadLetters>();
    C4A_TRY(auto conf, kafka::make_conf(options, {{"enable.idempotence", "true"}, {"acks", "all"}}));
    rd_kafka_conf_set_dr_msg_cb(conf.get(), [](rd_kafka_t*, const rd_kafka_message_t* message, void*) {
      *static_cast<rd_kafka_resp_err_t*>(message->_private) = message->err;
    });
    C4A_TRY(made->client_, kafka::make_client(RD_KAFKA_PRODUCER, std::move(conf)));
    made->topic_ = options.topic_prefix + kDeadLettersTopic;
    return made;
  }

  bool put(const std::string& source, int partition, std::int64_t offset, std::string_view bytes,
           std::string_view reason) {
    const std::lock_guard lock(mutex_);
    const std::string number = std::to_string(partition);
    const std::string place = std::to_string(offset);
    auto result = rd_kafka_resp_err_t{RD_KAFKA_RESP_ERR__IN_PROGRESS};
    const auto produced =
        rd_kafka_producev(client_.get(), RD_KAFKA_V_TOPIC(topic_.c_str()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                          RD_KAFKA_V_VALUE(const_cast<char*>(bytes.data()), bytes.size()),
                          RD_KAFKA_V_HEADER("reason", reason.data(), static_cast<ssize_t>(reason.size())),
                          RD_KAFKA_V_HEADER("topic", source.data(), static_cast<ssize_t>(source.size())),
                          RD_KAFKA_V_HEADER("partition", number.data(), static_cast<ssize_t>(number.size())),
                          RD_KAFKA_V_HEADER("offset", place.data(), static_cast<ssize_t>(place.size())),
                          RD_KAFKA_V_OPAQUE(&result), RD_KAFKA_V_END);
    if (produced != RD_KAFKA_RESP_ERR_NO_ERROR) return false;
    // `result` is on this stack: it must not be left behind while the client may still write to it.
    while (result == RD_KAFKA_RESP_ERR__IN_PROGRESS) rd_kafka_flush(client_.get(), kDeadLetterMs);
    return result == RD_KAFKA_RESP_ERR_NO_ERROR;
  }

 private:
  std::mutex mutex_;
  kafka::Client client_;
  std::string topic_;
};

KafkaPartitions::KafkaPartitions(KafkaOptions options, PartitionOwner& owner)
    : options_(std::move(options)), owner_(owner) {}

Result<std::unique_ptr<KafkaPartitions>> KafkaPartitions::open(KafkaOptions options, PartitionOwner& owner) {
  std::unique_ptr<KafkaPartitions> made(new KafkaPartitions(std::move(options), owner));
  C4A_TRY(made->dead_letters_, DeadLetters::open(made->options_));
  C4A_TRY(auto conf, kafka::make_conf(made->options_, {{"group.id", made->options_.group},
                                                       {"partition.assignment.strategy", "cooperative-sticky"},
                                                       {"enable.auto.commit", "false"},
                                                       {"enable.auto.offset.store", "false"},
                                                       // A lost offset must not silently skip commands.
                                                       {"auto.offset.reset", "error"},
                                                       {"session.timeout.ms", "6000"},
                                                       {"heartbeat.interval.ms", "1000"},
                                                       {"fetch.wait.max.ms", "100"},
                                                       {"fetch.error.backoff.ms", "100"},
                                                       {"queued.max.messages.kbytes", "8192"}}));
  rd_kafka_conf_set_opaque(conf.get(), made.get());
  rd_kafka_conf_set_rebalance_cb(
      conf.get(), [](rd_kafka_t*, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* partitions, void* self) {
        static_cast<KafkaPartitions*>(self)->rebalanced(code, partitions);
      });
  rd_kafka_conf_set_error_cb(conf.get(), [](rd_kafka_t*, int code, const char*, void* self) {
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) static_cast<KafkaPartitions*>(self)->failing_ = true;
  });
  made->consumer_ = std::make_unique<Consumer>();
  C4A_TRY(made->consumer_->client, kafka::make_client(RD_KAFKA_CONSUMER, std::move(conf)));
  rd_kafka_poll_set_consumer(made->consumer_->client.get());
  const kafka::PartitionList topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), commands_topic(made->options_).c_str(), RD_KAFKA_PARTITION_UA);
  if (const auto code = rd_kafka_subscribe(made->consumer_->client.get(), topics.get())) {
    return fail(kafka::unreachable(made->options_, kafka::text_of(code)));
  }
  made->thread_ = std::jthread([made = made.get()](const std::stop_token& stop) { made->serve(stop); });
  return made;
}

KafkaPartitions::~KafkaPartitions() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void KafkaPartitions::serve(const std::stop_token& stop) {
  rd_kafka_t* client = consumer_->client.get();
  std::int64_t committed_us = 0;
  while (!stop.stop_requested()) {
    if (rd_kafka_message_t* message = rd_kafka_consumer_poll(client, kPollMs)) {
      // Partitions have queues of their own, so what comes here is an error.
      if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) counters_.errors.fetch_add(1, std::memory_order_relaxed);
      rd_kafka_message_destroy(message);
    }
    const std::int64_t now_us = system_clock().monotonic_us();
    if (now_us - committed_us < kCommitEveryMs * 1000) continue;
    committed_us = now_us;
    commit_offsets();
  }
  rd_kafka_consumer_close(client);  // revokes what is owned, by the callback
}

void KafkaPartitions::rebalanced(int code, void* partitions) {
  counters_.rebalances.fetch_add(1, std::memory_order_relaxed);
  failing_ = false;
  if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
    assign(partitions);
  else
    revoke(partitions, rd_kafka_assignment_lost(consumer_->client.get()) != 0);
}

void KafkaPartitions::assign(void* partitions) {
  rd_kafka_t* client = consumer_->client.get();
  auto& list = as_list(partitions);
  if (rd_kafka_committed(client, &list, kCommittedMs) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    counters_.errors.fetch_add(1, std::memory_order_relaxed);
  }
  for (int i = 0; i < list.cnt; ++i) {
    auto& part = list.elems[i];
    // Never committed: nobody has read the partition yet.
    if (part.offset < 0) part.offset = RD_KAFKA_OFFSET_BEGINNING;
    kafka::Queue queue(rd_kafka_queue_get_partition(client, part.topic, part.partition));
    rd_kafka_queue_forward(queue.get(), nullptr);
    auto set_aside = [this, topic = std::string(part.topic), number = part.partition](
                         std::int64_t offset, std::string_view bytes, std::string_view reason) {
      counters_.dead_letters.fetch_add(1, std::memory_order_relaxed);
      return dead_letters_->put(topic, number, offset, bytes, reason);
    };
    owned_[part.partition] = std::make_shared<KafkaLogPartition>(std::move(queue), part.partition, options_.generation,
                                                                 std::move(set_aside), counters_.consumed);
  }
  if (rd_kafka_error_t* error = rd_kafka_incremental_assign(client, &list)) {
    counters_.errors.fetch_add(1, std::memory_order_relaxed);
    rd_kafka_error_destroy(error);
  }
  for (int i = 0; i < list.cnt; ++i) owner_.assigned(owned_.at(list.elems[i].partition));
}

void KafkaPartitions::revoke(void* partitions, bool lost) {
  rd_kafka_t* client = consumer_->client.get();
  auto& list = as_list(partitions);
  // All at once, so that they finish side by side.
  for (int i = 0; i < list.cnt; ++i) {
    if (const auto found = owned_.find(list.elems[i].partition); found != owned_.end()) found->second->give_up();
  }
  for (int i = 0; i < list.cnt; ++i) owner_.revoked(list.elems[i].partition);
  if (!lost) commit_offsets();
  for (int i = 0; i < list.cnt; ++i) owned_.erase(list.elems[i].partition);
  if (rd_kafka_error_t* error = rd_kafka_incremental_unassign(client, &list)) {
    counters_.errors.fetch_add(1, std::memory_order_relaxed);
    rd_kafka_error_destroy(error);
  }
}

// A commit that fails is made up for by the next; what is read again then is passed over by its position.
void KafkaPartitions::commit_offsets() {
  const std::string topic = commands_topic(options_);
  const kafka::PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(owned_.size())));
  for (const auto& [number, partition] : owned_) {
    const std::int64_t next = partition->next_offset();
    if (next < 0) continue;
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), number)->offset = next;
  }
  if (list->cnt == 0) return;
  const auto code = rd_kafka_commit(consumer_->client.get(), list.get(), 0);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
    counters_.commits.fetch_add(1, std::memory_order_relaxed);
  else
    counters_.errors.fetch_add(1, std::memory_order_relaxed);
}

Result<> KafkaPartitions::check() const {
  if (!failing_) return {};
  return fail(kafka::unreachable(options_, "no broker can be reached"));
}

}  // namespace c4a
