// Many processes: Kafka, Cassandra and Redis. A process is a gateway, a router, or both.

#include <fmt/format.h>

#include <random>

#include "app/distributed_options.h"
#include "app/messaging.h"
#include "message_log/kafka/kafka_message_log.h"
#include "message_log/kafka/kafka_partitions.h"
#include "message_log/kafka/kafka_repartition.h"
#include "message_log/kafka/kafka_topics.h"
#include "operations/answering_log.h"
#include "presence/memory_presence.h"
#include "presence/redis/redis_gateway_bus.h"
#include "presence/redis/redis_presence.h"
#include "presence/redis/redis_probe.h"
#include "presence/redis/redis_router_bus.h"
#include "router/router_group.h"

namespace c4a {
namespace {

constexpr std::size_t kRecentHeadersKept = 64;

// Each run of a process has names of its own, so that nothing meant for an earlier one reaches it.
std::uint64_t random_name() {
  std::random_device device;
  return (std::uint64_t{device()} << 32 | device()) | 1;
}

// A conversation passes over commands at positions below what it has applied. So a keyspace goes on with the topics
// that fed it, or with one of a later generation, and never with a new one of an old name.
Result<> check_log_of(const MessageStore& store, KafkaOptions kafka, const std::string& keyspace) {
  for (;; ++kafka.generation) {
    const std::string topic = commands_topic(kafka);
    C4A_TRY(const auto before, cassandra_log_cluster(store, topic));
    if (!before) return {};
    const auto remedy = [&] {
      return fmt::format(
          "or, if it is gone for good, stop all processes, raise kafka.generation to {} for all of them and "
          "run `chat4all migrate`",
          kafka.generation + 1);
    };
    C4A_TRY(const auto now, kafka_cluster_id(kafka));
    if (*before != now) {
      return fail(
          ErrorCode::kConflict,
          fmt::format("The keyspace {} was fed by the topic {} of the Kafka cluster {}, and kafka.brokers leads to "
                      "the cluster {}: correct kafka.brokers or cassandra.keyspace, {}.",
                      keyspace, topic, *before, now, remedy()));
    }
    C4A_TRY(const int partitions, kafka_partition_count(kafka));
    if (partitions > 0) continue;
    return fail(
        ErrorCode::kConflict,
        fmt::format("The Kafka topic {} that fed the keyspace {} is not there any more, and a new one of its name "
                    "would have its commands passed over: bring it back, {}.",
                    topic, keyspace, remedy()));
  }
}

class DistributedMessaging final : public Messaging, private GatewayInbox {
 public:
  explicit DistributedMessaging(MessagingParts parts)
      : parts_(std::move(parts)),
        kafka_(kafka_options(parts_.config, cassandra_installation(parts_.store))),
        redis_(redis_options(parts_.config)),
        name_(random_name()),
        presence_(redis_, name_),
        probe_(redis_) {}
  ~DistributedMessaging() override { stop(); }

  Result<> open() {
    C4A_CHECK(check_log_of(parts_.store, kafka_, parts_.config.cassandra.keyspace));
    C4A_CHECK(check_kafka_topics(kafka_));
    if (parts_.roles.router) C4A_CHECK(check_kafka_group(kafka_));
    C4A_CHECK(check_redis(redis_, kafka_.installation));
    C4A_TRY(log_, KafkaMessageLog::open(kafka_, name_));
    answering_ = std::make_unique<AnsweringLog>(*log_, parts_.store, parts_.metadata, parts_.workers);
    GatewayInbox& inbox = *this;
    if (parts_.roles.gateway) gateway_bus_ = std::make_unique<RedisGatewayBus>(redis_, name_, inbox);
    if (!parts_.roles.router) return {};
    router_bus_ = std::make_unique<RedisBusSender>(redis_, random_name());
    RouterOptions options;
    options.rules.receipt_members = static_cast<std::size_t>(parts_.config.limits.receipt_members);
    options.shared_log = true;
    // Each partition has a router, and one process may come to have all of them.
    options.cached_bytes = state_bytes(parts_.config) / static_cast<std::size_t>(parts_.config.kafka.partitions);
    options.recent_headers = kRecentHeadersKept;
    routers_ = std::make_unique<RouterGroup>(
        parts_.store, [this] { return router_bus_->open_bus(); }, system_clock(), options);
    return {};
  }

  MessageLog& log() override { return *answering_; }
  Presence& presence() override { return presence_; }
  const RouterCounters& router() const override { return routers_ ? routers_->counters() : no_router_; }
  std::uint32_t gateway() const override { return static_cast<std::uint32_t>(name_ & 0xFFFFFF); }

  Result<> start() override {
    if (gateway_bus_) gateway_bus_->start();
    if (!routers_) return {};
    C4A_TRY(partitions_, KafkaPartitions::open(kafka_, *routers_));
    return {};
  }

  void stop() override {
    // Routers first: what they finish can still be told. The parts stay until the end: others may look at them.
    if (partitions_) partitions_->stop();
    if (log_) log_->stop();
    if (gateway_bus_) gateway_bus_->stop();
    if (router_bus_) router_bus_->stop();
  }

  std::map<std::string, HealthCheck> dependencies() override {
    std::map<std::string, HealthCheck> checks;
    checks["log"] = [this]() -> Result<> {
      C4A_CHECK(log_->check());
      return partitions_ ? partitions_->check() : Result<>{};
    };
    checks["presence"] = [this]() -> Result<> {
      if (gateway_bus_) C4A_CHECK(gateway_bus_->check());
      if (router_bus_) C4A_CHECK(router_bus_->check());
      return probe_.check();
    };
    return checks;
  }

  std::vector<CallbackMetric> metrics() override;

 private:
  void live(LiveEvent event) override { parts_.sessions.publish(std::move(event)); }
  void decided(std::uint64_t request, Result<Decision> decision) override {
    log_->decided(request, std::move(decision));
  }
  void lost() override {
    log_->decisions_arrive(gateway_bus_->up());
    parts_.look_again();
  }

  MessagingParts parts_;
  const KafkaOptions kafka_;
  const RedisOptions redis_;
  const std::uint64_t name_;
  const RouterCounters no_router_;
  RedisPresence presence_;
  RedisProbe probe_;
  std::unique_ptr<KafkaMessageLog> log_;
  std::unique_ptr<AnsweringLog> answering_;
  std::unique_ptr<RedisGatewayBus> gateway_bus_;
  std::unique_ptr<RedisBusSender> router_bus_;
  std::unique_ptr<RouterGroup> routers_;
  std::unique_ptr<KafkaPartitions> partitions_;
};

std::vector<CallbackMetric> DistributedMessaging::metrics() {
  std::vector<CallbackMetric> all;
  const auto gauge = [&](std::string_view name, std::string_view help, std::function<double()> read) {
    all.push_back(c4a::metrics().callback_gauge(name, help, std::move(read)));
  };
  const auto total = [&](std::string_view name, std::string_view help, std::function<double()> read) {
    all.push_back(c4a::metrics().callback_counter(name, help, std::move(read)));
  };
  const auto value = [](const std::atomic<std::uint64_t>& counter) { return static_cast<double>(counter.load()); };
  const KafkaLogCounters& log = log_->counters();
  total("chat4all_log_appended_total", "Commands given to the log.", [&log, value] { return value(log.appended); });
  total("chat4all_log_failed_total", "Commands that the log did not acknowledge in time.",
        [&log, value] { return value(log.failed); });
  total("chat4all_log_refused_total", "Commands refused at once: too many waited, or no broker answered.",
        [&log, value] { return value(log.refused); });
  total("chat4all_log_shed_total", "Sends refused at once because decisions came late: more is asked than can be done.",
        [&log, value] { return value(log.shed); });
  total("chat4all_log_undecided_total", "Commands answered before their router's decision.",
        [this] { return static_cast<double>(log_->answered_without_decision()); });
  total("chat4all_log_left_open_total", "Sends answered 503 although the log has them: too slow to tell of a repeat.",
        [this] { return static_cast<double>(answering_->left_open()); });
  gauge("chat4all_log_generation", "Of the topic that commands are given to.",
        [this] { return static_cast<double>(log_->generation()); });
  gauge("chat4all_log_up", "1 while the log answers.", [this] { return log_->up() ? 1.0 : 0.0; });
  const CassandraCounters& store = cassandra_counters(parts_.store);
  total("chat4all_store_reads_total", "Reads of the message store.", [&store, value] { return value(store.reads); });
  total("chat4all_store_writes_total", "Mutations: a conversation's rows of one commit are one.",
        [&store, value] { return value(store.writes); });
  total("chat4all_store_write_requests_total", "Requests in which mutations went, repeats included.",
        [&store, value] { return value(store.write_requests); });
  total("chat4all_store_rows_total", "Rows written.", [&store, value] { return value(store.rows); });
  total("chat4all_store_failures_total", "Requests that the store did not carry out.",
        [&store, value] { return value(store.failures); });
  if (gateway_bus_) {
    gauge("chat4all_bus_up", "1 while live events arrive from routers.",
          [this] { return gateway_bus_->up() ? 1.0 : 0.0; });
    total("chat4all_bus_losses_total", "Times that sessions had to look into the store for what was lost.",
          [this] { return static_cast<double>(gateway_bus_->losses()); });
  }
  if (routers_) {
    gauge("chat4all_router_partitions", "Partitions that this process owns.",
          [this] { return static_cast<double>(routers_->partitions()); });
    const auto of_partitions = [&](std::string_view name, std::string_view help,
                                   auto KafkaPartitionCounters::* counter) {
      total(name, help, [this, value, counter] { return partitions_ ? value(partitions_->counters().*counter) : 0.0; });
    };
    of_partitions("chat4all_router_dead_letters_total", "Records of the log that went to the topic dead_letters.",
                  &KafkaPartitionCounters::dead_letters);
    of_partitions("chat4all_router_rebalances_total", "Times that partitions came to this process or left it.",
                  &KafkaPartitionCounters::rebalances);
    of_partitions("chat4all_router_log_errors_total", "Requests to the log's brokers that failed, and are tried again.",
                  &KafkaPartitionCounters::errors);
    of_partitions("chat4all_router_read_anew_total", "Times that the client had stopped reading a partition.",
                  &KafkaPartitionCounters::read_anew);
    total("chat4all_bus_dropped_total", "Frames to gateways that were dropped.",
          [this, value] { return value(router_bus_->counters().dropped); });
    total("chat4all_router_retries_total", "Reads and commits tried again, because the store did not answer.",
          [this, value] { return value(routers_->counters().retries); });
    total("chat4all_router_set_aside_total", "Commands that could not be decided.",
          [this, value] { return value(routers_->counters().set_aside); });
  }
  return all;
}

}  // namespace

bool is_distributed(const Config& config) { return config.log.engine == LogEngine::kKafka; }

Result<std::unique_ptr<MessageStore>> open_distributed_messages(const Config& config) {
  return open_cassandra_message_store(cassandra_options(config));
}

Result<> prepare_distributed(const Config& config) {
  CassandraOptions options = cassandra_options(config);
  C4A_CHECK(create_cassandra_schema(options));
  options.half_moved = true;  // a move that was interrupted begins here again
  C4A_TRY(const auto store, open_cassandra_message_store(options));
  const KafkaOptions kafka = kafka_options(config, cassandra_installation(*store));
  C4A_CHECK(check_log_of(*store, kafka, config.cassandra.keyspace));
  C4A_CHECK(check_kafka_group(kafka));
  C4A_CHECK(create_kafka_topics(kafka));
  C4A_CHECK(check_kafka_topics(kafka));
  C4A_TRY(const auto cluster, kafka_cluster_id(kafka));
  return remember_cassandra_log(*store, commands_topic(kafka), cluster);
}

Result<std::uint64_t> repartition_distributed(const Config& config, int partitions,
                                              const std::function<void(const std::string&)>& say) {
  C4A_TRY(const auto store, open_cassandra_message_store(cassandra_options(config)));
  const KafkaOptions kafka = kafka_options(config, cassandra_installation(*store));
  C4A_CHECK(check_log_of(*store, kafka, config.cassandra.keyspace));
  C4A_CHECK(check_kafka_group(kafka));
  C4A_CHECK(check_kafka_topics(kafka));
  C4A_TRY(const auto cluster, kafka_cluster_id(kafka));
  const auto remember = [&](const std::string& topic) { return remember_cassandra_log(*store, topic, cluster); };
  return repartition_kafka(kafka, partitions, remember, say);
}

Result<std::unique_ptr<Messaging>> make_distributed_messaging(MessagingParts parts) {
  auto made = std::make_unique<DistributedMessaging>(std::move(parts));
  C4A_CHECK(made->open());
  return made;
}

}  // namespace c4a
