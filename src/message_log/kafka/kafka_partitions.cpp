#include "message_log/kafka/kafka_partitions.h"

#include <fmt/format.h>

#include <condition_variable>

#include "base/clock.h"
#include "base/thread_name.h"
#include "message_log/kafka/kafka_dead_letters.h"
#include "message_log/kafka/kafka_log_partition.h"
#include "message_log/kafka/kafka_watch.h"

namespace c4a {
namespace {

constexpr int kPollMs = 50;
constexpr std::int64_t kCommitEveryMs = 1000;
constexpr std::int64_t kCommitWhileMovingMs = 100;  // a later generation waits for it
constexpr std::chrono::milliseconds kWatch{1000};
constexpr std::chrono::milliseconds kWatchWhileMoving{200};
constexpr std::int64_t kCommitLostUs = 10'000'000;  // an answer that does not come
constexpr int kCommittedMs = 5000;
constexpr int kCommittedAttempts = 3;
constexpr int kLookMs = 300;
// The group shares out partitions anew in rounds; the next one comes within that time of a callback of the one before.
constexpr std::int64_t kSharingUs = 2'000'000;
constexpr std::int64_t kLookEveryUs = 1'000'000;

rd_kafka_topic_partition_list_t& as_list(void* partitions) {
  return *static_cast<rd_kafka_topic_partition_list_t*>(partitions);
}

void count_error(KafkaPartitionCounters& counters, rd_kafka_error_t* error) {
  if (error == nullptr) return;
  counters.errors.fetch_add(1, std::memory_order_relaxed);
  rd_kafka_error_destroy(error);
}

std::string remedy_of(rd_kafka_resp_err_t code) {
  if (code != RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET)
    return "it is tried again; look at the brokers and the user's rights";
  return "the group's offset is none that the topic has: find out which commands are gone, set it with "
         "kafka-consumer-groups --reset-offsets, and start this process again";
}

}  // namespace

struct KafkaPartitions::Consumer {
  kafka::Trouble trouble;
  kafka::Client client;
};

KafkaPartitions::KafkaPartitions(KafkaOptions options, PartitionOwner& owner)
    : options_(std::move(options)),
      owner_(owner),
      newest_(options_.generation),
      active_(options_.generation),
      watch_(std::make_unique<KafkaWatch>(options_)) {}

Result<std::unique_ptr<KafkaPartitions>> KafkaPartitions::open(KafkaOptions options, PartitionOwner& owner) {
  std::unique_ptr<KafkaPartitions> made(new KafkaPartitions(std::move(options), owner));
  C4A_TRY(made->dead_letters_, KafkaDeadLetters::open(made->options_));
  C4A_TRY(auto conf, kafka::make_conf(made->options_,
                                      {{"group.id", made->options_.group},
                                       {"partition.assignment.strategy", "cooperative-sticky"},
                                       {"enable.auto.commit", "false"},
                                       {"enable.auto.offset.store", "false"},
                                       // A lost offset must not silently skip commands.
                                       {"auto.offset.reset", "error"},
                                       // How long the partitions of a process that died stay unread. A
                                       // broker that dies may be the group's coordinator: a new one has
                                       // to be found within it, or every assignment is lost, which 6 s
                                       // did not suffice for.
                                       {"session.timeout.ms", "10000"},
                                       {"heartbeat.interval.ms", "100"},
                                       // A topic that a broker does not know yet, or a later generation, is found then.
                                       {"topic.metadata.refresh.interval.ms", "2000"},
                                       {"fetch.wait.max.ms", "100"},
                                       {"fetch.error.backoff.ms", "100"},
                                       {"queued.max.messages.kbytes", "8192"}}));
  rd_kafka_conf_set_opaque(conf.get(), made.get());
  rd_kafka_conf_set_rebalance_cb(
      conf.get(), [](rd_kafka_t*, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* partitions, void* self) {
        static_cast<KafkaPartitions*>(self)->rebalanced(code, partitions);
      });
  rd_kafka_conf_set_offset_commit_cb(
      conf.get(), [](rd_kafka_t*, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* partitions, void* self) {
        static_cast<KafkaPartitions*>(self)->offsets_committed(code, partitions);
      });
  rd_kafka_conf_set_error_cb(conf.get(), [](rd_kafka_t*, int code, const char* reason, void* self) {
    auto& all = *static_cast<KafkaPartitions*>(self);
    all.consumer_->trouble.heard(code, reason);
    // Also after all connections were idle, so it is not yet believed.
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) all.suspect_ = true;
  });
  made->consumer_ = std::make_unique<Consumer>();
  C4A_TRY(made->consumer_->client, kafka::make_client(RD_KAFKA_CONSUMER, std::move(conf)));
  rd_kafka_poll_set_consumer(made->consumer_->client.get());
  // Where the brokers do not answer, the look is taken again.
  (void)made->watch_->look_at_generations(made->active_, made->newest_);
  C4A_CHECK(made->subscribe());
  made->watching_ = std::jthread([made = made.get()](const std::stop_token& stop) { made->watch(stop); });
  made->thread_ = std::jthread([made = made.get()](const std::stop_token& stop) { made->serve(stop); });
  return made;
}

// By a pattern, which finds later generations by itself: librdkafka 2.0.2 aborts when it is given another list of
// topics while the group shares out partitions. Those that are drained meanwhile stay: leaving them would move
// partitions for nothing.
Result<> KafkaPartitions::subscribe() {
  const kafka::PartitionList topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), generations_pattern(options_, active_).c_str(),
                                    RD_KAFKA_PARTITION_UA);
  if (const auto code = rd_kafka_subscribe(consumer_->client.get(), topics.get())) {
    return fail(kafka::unreachable(options_, consumer_->trouble, kafka::text_of(code)));
  }
  return {};
}

void KafkaPartitions::watch(const std::stop_token& stop) {
  name_thread("log-watch");
  std::mutex mutex;
  std::condition_variable_any stopping;
  std::unique_lock lock(mutex);
  while (!stopping.wait_for(lock, stop, newest_ > active_ ? kWatchWhileMoving : kWatch,
                            [&] { return stop.stop_requested(); })) {
    if (!watch_->look_at_generations(active_, newest_)) counters_.errors.fetch_add(1, std::memory_order_relaxed);
    look_for_unread();
  }
}

void KafkaPartitions::look_for_unread() {
  KafkaWatch::Partitions owned;
  {
    const std::lock_guard lock(owned_mutex_);
    for (const auto& [number, partition] : owned_) owned.push_back(partition);
  }
  auto unread = watch_->unread(owned);
  if (!unread) {
    counters_.errors.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  const std::lock_guard lock(owned_mutex_);
  unread_ = std::move(*unread);
}

// Takes them out of the client's assignment and puts them in again. The group does not hear of it, and the owner reads
// on from the same queue.
void KafkaPartitions::read_anew() {
  KafkaWatch::Partitions unread;
  {
    const std::lock_guard lock(owned_mutex_);
    unread.swap(unread_);
  }
  const kafka::PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(unread.size())));
  for (const auto& partition : unread) {
    if (partition->given_up()) continue;
    partition->forget_error();
    const KafkaPlace& place = partition->place();
    rd_kafka_topic_partition_list_add(list.get(), place.topic.c_str(), place.partition)->offset =
        partition->read_position();
  }
  if (list->cnt == 0) return;
  counters_.read_anew.fetch_add(static_cast<std::uint64_t>(list->cnt), std::memory_order_relaxed);
  count_error(counters_, rd_kafka_incremental_unassign(consumer_->client.get(), list.get()));
  count_error(counters_, rd_kafka_incremental_assign(consumer_->client.get(), list.get()));
}

// The generation before is drained: whatever their conversations have there is in the store.
void KafkaPartitions::release_held() {
  for (auto number = held_.begin(); number != held_.end();) {
    const auto& partition = owned_.at(*number);
    if (partition->place().generation > active_) {
      ++number;
      continue;
    }
    owner_.assigned(partition);
    number = held_.erase(number);
  }
}

KafkaPlace KafkaPartitions::place_of(std::string_view topic, int partition) const {
  return {std::string(topic), partition, generation_of(options_, topic)};
}

void KafkaPartitions::stop() {
  watching_.request_stop();
  if (watching_.joinable()) watching_.join();
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

KafkaPartitions::~KafkaPartitions() {
  stop();
  // librdkafka 2.0.2 aborts when a cooperative-sticky consumer ends before its first assignment: it is left to the
  // process's end, and the group misses the member after its session's time.
  if (consumer_ && !assigned_once_) (void)consumer_->client.release();
}

void KafkaPartitions::serve(const std::stop_token& stop) {
  name_thread("log-consume");
  rd_kafka_t* client = consumer_->client.get();
  std::int64_t committed_us = 0;
  while (!stop.stop_requested()) {
    if (rd_kafka_message_t* message = rd_kafka_consumer_poll(client, kPollMs)) {
      // Partitions have queues of their own, so what comes here is an error.
      if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) counters_.errors.fetch_add(1, std::memory_order_relaxed);
      rd_kafka_message_destroy(message);
    }
    const std::int64_t now_us = system_clock().monotonic_us();
    // Only to wake librdkafka 2.0.2, which else looks after the group twice a second: partitions that move stay unread
    // until every member has heard of it by a heartbeat.
    (void)rd_kafka_rebalance_protocol(client);
    look_at_brokers(now_us);
    release_held();
    // Of a commit that is answered after the round it was sent in, librdkafka 2.0.2 concludes that all is lost.
    if (now_us - rebalanced_us_ < kSharingUs) continue;
    read_anew();
    const std::int64_t every_ms = newest_ > active_ ? kCommitWhileMovingMs : kCommitEveryMs;
    if (now_us - committed_us < every_ms * 1000) continue;
    committed_us = now_us;
    commit_offsets(false);
  }
  if (assigned_once_) rd_kafka_consumer_close(client);  // revokes what is owned, by the callback
}

void KafkaPartitions::forget_trouble() {
  suspect_ = failing_ = false;
  consumer_->trouble.over();
}

// While it seems that no broker can be reached: whether one answers.
void KafkaPartitions::look_at_brokers(std::int64_t now_us) {
  if (!suspect_ || now_us - looked_us_ < kLookEveryUs) return;
  looked_us_ = now_us;
  const struct rd_kafka_metadata* metadata = nullptr;
  if (rd_kafka_metadata(consumer_->client.get(), 0, nullptr, &metadata, kLookMs) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    failing_ = true;
    return;
  }
  rd_kafka_metadata_destroy(metadata);
  forget_trouble();
}

void KafkaPartitions::rebalanced(int code, void* partitions) {
  counters_.rebalances.fetch_add(1, std::memory_order_relaxed);
  const std::int64_t now_us = system_clock().monotonic_us();
  const bool first_round = now_us - rebalanced_us_ > kSharingUs;
  rebalanced_us_ = now_us;
  if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    if (first_round && as_list(partitions).cnt == 0) hurry_second_round();
    assign(partitions);
  } else {
    revoke(partitions, rd_kafka_assignment_lost(consumer_->client.get()) != 0);
  }
}

// What others give away in a first round is given to somebody in a second one, for which the group waits for all. Who
// had nothing to give, librdkafka 2.0.2 lets join again only a second after the last time; but at once if there is a
// subscription to apply, be it the same. While a callback runs it only takes note of one.
void KafkaPartitions::hurry_second_round() { (void)subscribe(); }

// Where each partition is read from. What cannot be asked must not be taken for "never committed": that would read the
// whole topic again.
bool KafkaPartitions::read_start(void* partitions) {
  auto& list = as_list(partitions);
  if (list.cnt == 0) return true;  // of a member that comes: others have to give it some first
  for (int attempt = 0; attempt < kCommittedAttempts; ++attempt) {
    bool known = rd_kafka_committed(consumer_->client.get(), &list, kCommittedMs) == RD_KAFKA_RESP_ERR_NO_ERROR;
    for (int i = 0; i < list.cnt; ++i) known = known && list.elems[i].err == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (known) return true;
    counters_.errors.fetch_add(1, std::memory_order_relaxed);
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  return false;
}

void KafkaPartitions::assign(void* partitions) {
  rd_kafka_t* client = consumer_->client.get();
  auto& list = as_list(partitions);
  const bool known = read_start(partitions);
  for (int i = 0; i < list.cnt; ++i) {
    auto& part = list.elems[i];
    if (!known) {
      // The client asks again by itself. Where nothing was committed it stops with an error, which `check` names.
      part.err = RD_KAFKA_RESP_ERR_NO_ERROR;
      part.offset = RD_KAFKA_OFFSET_STORED;
    } else if (part.offset < 0) {
      part.offset = RD_KAFKA_OFFSET_BEGINNING;  // never committed: nobody has read the partition yet
    }
    kafka::Queue queue(rd_kafka_queue_get_partition(client, part.topic, part.partition));
    rd_kafka_queue_forward(queue.get(), nullptr);
    auto set_aside = [this, topic = std::string(part.topic), number = part.partition](
                         std::int64_t offset, std::string_view bytes, std::string_view reason) {
      if (!dead_letters_->put(topic, number, offset, bytes, reason)) return false;
      counters_.dead_letters.fetch_add(1, std::memory_order_relaxed);
      return true;
    };
    auto partition = std::make_shared<KafkaLogPartition>(std::move(queue), place_of(part.topic, part.partition),
                                                         part.offset, std::move(set_aside), counters_.consumed);
    held_.insert(partition->number());
    const std::lock_guard lock(owned_mutex_);
    owned_[partition->number()] = std::move(partition);
  }
  count_error(counters_, rd_kafka_incremental_assign(client, &list));
  assigned_once_ = true;
  release_held();
}

void KafkaPartitions::revoke(void* partitions, bool lost) {
  rd_kafka_t* client = consumer_->client.get();
  auto& list = as_list(partitions);
  std::vector<int> numbers;
  for (int i = 0; i < list.cnt; ++i) {
    const int number = place_of(list.elems[i].topic, list.elems[i].partition).number();
    if (owned_.contains(number)) numbers.push_back(number);
  }
  // All at once, so that they finish side by side.
  for (const int number : numbers) owned_.at(number)->give_up();
  for (const int number : numbers) {
    if (held_.erase(number) == 0) owner_.revoked(number);
  }
  if (!lost) commit_offsets(true);
  for (const int number : numbers) {
    const std::lock_guard lock(owned_mutex_);
    owned_.erase(number);
    committed_.erase(number);
  }
  count_error(counters_, rd_kafka_incremental_unassign(client, &list));
}

// What has moved since. A commit that fails is made up for by the next; what is read again then is passed over by its
// position. `wait`: before partitions are given back.
void KafkaPartitions::commit_offsets(bool wait) {
  const std::int64_t now_us = system_clock().monotonic_us();
  if (!wait && commit_sent_us_ != 0 && now_us - commit_sent_us_ < kCommitLostUs) return;
  const kafka::PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(owned_.size())));
  for (const auto& [number, partition] : owned_) {
    const std::int64_t next = partition->next_offset();
    const auto before = committed_.find(number);
    if (next < 0 || (before != committed_.end() && before->second == next)) continue;
    const KafkaPlace& place = partition->place();
    rd_kafka_topic_partition_list_add(list.get(), place.topic.c_str(), place.partition)->offset = next;
  }
  if (list->cnt == 0) return;
  // The answer comes to `offsets_committed`, on this thread, also after one that was waited for.
  const auto code = rd_kafka_commit(consumer_->client.get(), list.get(), wait ? 0 : 1);
  if (!wait && code == RD_KAFKA_RESP_ERR_NO_ERROR) commit_sent_us_ = now_us;
  if (!wait && code != RD_KAFKA_RESP_ERR_NO_ERROR) counters_.errors.fetch_add(1, std::memory_order_relaxed);
}

void KafkaPartitions::offsets_committed(int code, const void* partitions) {
  commit_sent_us_ = 0;
  if (code == RD_KAFKA_RESP_ERR__NO_OFFSET) return;  // nothing was new
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    counters_.errors.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  counters_.commits.fetch_add(1, std::memory_order_relaxed);
  forget_trouble();
  const auto& list = *static_cast<const rd_kafka_topic_partition_list_t*>(partitions);
  for (int i = 0; i < list.cnt; ++i) {
    const auto& part = list.elems[i];
    const int number = place_of(part.topic, part.partition).number();
    if (part.err == RD_KAFKA_RESP_ERR_NO_ERROR && owned_.contains(number)) committed_[number] = part.offset;
  }
}

Result<> KafkaPartitions::check() const {
  if (failing_) return fail(kafka::unreachable(options_, consumer_->trouble, "no broker can be reached"));
  const std::lock_guard lock(owned_mutex_);
  for (const auto& [number, partition] : owned_) {
    const auto code = partition->error();
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    return fail(ErrorCode::kUnavailable, fmt::format("The partition {} of the Kafka topic {} is not read ({}); {}.",
                                                     partition->place().partition, partition->place().topic,
                                                     kafka::text_of(code), remedy_of(code)));
  }
  return {};
}

}  // namespace c4a
