#include "message_log/kafka/kafka_topics.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include "message_log/kafka/kafka_client.h"

namespace c4a {
namespace {

constexpr int kAnswerMs = 5000;
constexpr int kLookMs = 500;
constexpr int kCreateMs = 30'000;
constexpr int kKnownAttempts = 20;
constexpr int kVisibleAttempts = 100;
constexpr std::int64_t kDayMs = 86'400'000;
constexpr const char* kRetentionMs = "604800000";

std::vector<std::string> topic_names(const KafkaOptions& options) {
  return {commands_topic(options), options.topic_prefix + kStatusTopic, options.topic_prefix + kDeadLettersTopic};
}

std::string installation_topic(const KafkaOptions& options) {
  return options.topic_prefix + kInstallationTopic + options.installation;
}

// Of whatever prefix and generation; answers the prefix.
std::optional<std::string_view> prefix_of_commands_topic(std::string_view name) {
  const auto dot = name.rfind('.');
  const bool numbered = dot != std::string_view::npos && name.size() > dot + 1 &&
                        name.find_first_not_of("0123456789", dot + 1) == std::string_view::npos;
  if (numbered) name = name.substr(0, dot);
  if (!name.ends_with(kCommandsTopic)) return std::nullopt;
  return name.substr(0, name.size() - std::string_view(kCommandsTopic).size());
}

class Admin {
 public:
  static Result<Admin> open(const KafkaOptions& options) {
    Admin admin(options);
    C4A_TRY(auto conf, kafka::make_conf(options, {}));
    rd_kafka_conf_set_opaque(conf.get(), admin.trouble_.get());
    rd_kafka_conf_set_error_cb(conf.get(), [](rd_kafka_t*, int code, const char* reason, void* trouble) {
      static_cast<kafka::Trouble*>(trouble)->heard(code, reason);
    });
    C4A_TRY(admin.client_, kafka::make_client(RD_KAFKA_PRODUCER, std::move(conf)));
    admin.queue_.reset(rd_kafka_queue_new(admin.client_.get()));
    return admin;
  }

  struct Topic {
    int partitions = 0;
    int replicas = 0;  // of the partition that has the fewest
  };
  Result<std::string> cluster_id() {
    const std::unique_ptr<char, void (*)(void*)> id(rd_kafka_clusterid(client_.get(), kAnswerMs),
                                                    [](void* text) { rd_kafka_mem_free(nullptr, text); });
    if (!id) return fail(unreachable(RD_KAFKA_RESP_ERR__TIMED_OUT));
    return std::string(id.get());
  }
  Result<std::map<std::string, Topic>> topics() {
    const struct rd_kafka_metadata* metadata = nullptr;
    auto code = rd_kafka_resp_err_t{RD_KAFKA_RESP_ERR__TIMED_OUT};
    for (int waited_ms = 0; waited_ms < kAnswerMs && code != RD_KAFKA_RESP_ERR_NO_ERROR; waited_ms += kLookMs) {
      code = rd_kafka_metadata(client_.get(), 1, nullptr, &metadata, kLookMs);
      rd_kafka_poll(client_.get(), 0);  // the error callback
      if (trouble_->is_final()) break;
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return fail(unreachable(code));
    std::map<std::string, Topic> found;
    for (int i = 0; i < metadata->topic_cnt; ++i) {
      const auto& topic = metadata->topics[i];
      if (topic.partition_cnt == 0) continue;
      const auto* fewest = std::min_element(topic.partitions, topic.partitions + topic.partition_cnt,
                                            [](const auto& a, const auto& b) { return a.replica_cnt < b.replica_cnt; });
      found[topic.topic] = {topic.partition_cnt, fewest->replica_cnt};
    }
    rd_kafka_metadata_destroy(metadata);
    return found;
  }

  Result<> create(const std::vector<std::string>& names) {
    std::vector<rd_kafka_NewTopic_t*> wanted;
    char error[256];
    for (const auto& name : names) {
      const int partitions = name == installation_topic(options_) ? 1 : options_.partitions;
      auto* topic = rd_kafka_NewTopic_new(name.c_str(), partitions, options_.replication, error, sizeof error);
      rd_kafka_NewTopic_set_config(topic, "min.insync.replicas", options_.replication > 1 ? "2" : "1");
      rd_kafka_NewTopic_set_config(topic, "unclean.leader.election.enable", "false");
      rd_kafka_NewTopic_set_config(topic, "retention.ms", kRetentionMs);
      rd_kafka_NewTopic_set_config(
          topic, "max.message.bytes",
          name.ends_with(kDeadLettersTopic) ? kafka::kMaxDeadLetterBytes : kafka::kMaxMessageBytes);
      wanted.push_back(topic);
    }
    rd_kafka_CreateTopics(client_.get(), wanted.data(), wanted.size(), nullptr, queue_.get());
    const kafka::Event event(rd_kafka_queue_poll(queue_.get(), kCreateMs));
    rd_kafka_NewTopic_destroy_array(wanted.data(), wanted.size());
    if (!event) return fail(unreachable(RD_KAFKA_RESP_ERR__TIMED_OUT));
    std::size_t count = 0;
    const auto* result = rd_kafka_event_CreateTopics_result(event.get());
    if (result == nullptr) return fail(unreachable(rd_kafka_event_error(event.get())));
    const auto** made = rd_kafka_CreateTopics_result_topics(result, &count);
    for (std::size_t i = 0; i < count; ++i) {
      const auto code = rd_kafka_topic_result_error(made[i]);
      if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) continue;
      const char* reason = rd_kafka_topic_result_error_string(made[i]);
      return fail(ErrorCode::kUnavailable,
                  fmt::format("Kafka does not create the topic {}: {}.", rd_kafka_topic_result_name(made[i]),
                              reason != nullptr ? reason : kafka::text_of(code)));
    }
    return {};
  }

  // A broker that does not know a new topic yet is asked again.
  Result<std::map<std::string, std::string>> settings_of(const std::string& topic) {
    auto settings = read_settings(topic);
    for (int attempt = 0; attempt < kKnownAttempts && !settings && unknown_; ++attempt) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      settings = read_settings(topic);
    }
    return settings;
  }

 private:
  Result<std::map<std::string, std::string>> read_settings(const std::string& topic) {
    auto* resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str());
    rd_kafka_DescribeConfigs(client_.get(), &resource, 1, nullptr, queue_.get());
    const kafka::Event event(rd_kafka_queue_poll(queue_.get(), kAnswerMs));
    rd_kafka_ConfigResource_destroy(resource);
    const auto* result = event ? rd_kafka_event_DescribeConfigs_result(event.get()) : nullptr;
    if (result == nullptr) return fail(unreachable(RD_KAFKA_RESP_ERR__TIMED_OUT));
    if (const auto code = rd_kafka_event_error(event.get())) return fail(hidden(topic, code));
    std::size_t count = 0;
    const auto** resources = rd_kafka_DescribeConfigs_result_resources(result, &count);
    std::map<std::string, std::string> settings;
    if (count == 0) return fail(hidden(topic, RD_KAFKA_RESP_ERR_UNKNOWN));
    const auto code = rd_kafka_ConfigResource_error(resources[0]);
    unknown_ = code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return fail(hidden(topic, code));
    std::size_t entries = 0;
    const auto** configs = rd_kafka_ConfigResource_configs(resources[0], &entries);
    for (std::size_t i = 0; i < entries; ++i) {
      const char* value = rd_kafka_ConfigEntry_value(configs[i]);
      settings[rd_kafka_ConfigEntry_name(configs[i])] = value != nullptr ? value : "";
    }
    return settings;
  }

  explicit Admin(const KafkaOptions& options) : options_(options) {}
  Error unreachable(rd_kafka_resp_err_t code) const {
    rd_kafka_poll(client_.get(), 0);  // the error callback knows more than the code
    return kafka::unreachable(options_, *trouble_, kafka::text_of(code));
  }
  static Error hidden(const std::string& topic, rd_kafka_resp_err_t code) {
    return {ErrorCode::kUnavailable,
            fmt::format("Kafka does not show the settings of the topic {} ({}), so it may be unsafe; give the user of "
                        "kafka.username the right DescribeConfigs on it.",
                        topic, kafka::text_of(code))};
  }

  bool unknown_ = false;  // the broker that was asked last did not know the topic
  KafkaOptions options_;
  std::unique_ptr<kafka::Trouble> trouble_ = std::make_unique<kafka::Trouble>();
  kafka::Client client_;
  kafka::Queue queue_;
};

Result<> unsafe(const std::string& topic, const std::string& what, const std::string& remedy) {
  return fail(ErrorCode::kValidationFailed,
              fmt::format("The Kafka topic {} is not safe: {}; {}.", topic, what, remedy));
}

Result<> check_settings(const std::string& topic, std::map<std::string, std::string>& settings) {
  const auto set = [&](const char* name, const char* value) {
    return fmt::format("set it with kafka-configs --alter --topic {} --add-config {}={}", topic, name, value);
  };
  const auto number = [&](const char* name) {
    std::int64_t value = 0;
    const std::string& text = settings[name];
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  };
  if (number("min.insync.replicas") < 2) {
    return unsafe(topic,
                  fmt::format("min.insync.replicas is {}, and must be at least 2", number("min.insync.replicas")),
                  set("min.insync.replicas", "2"));
  }
  if (settings["unclean.leader.election.enable"] == "true") {
    return unsafe(topic, "unclean.leader.election.enable is true, which can lose acknowledged messages",
                  set("unclean.leader.election.enable", "false"));
  }
  if (settings["cleanup.policy"] != "delete") {
    return unsafe(topic, fmt::format("cleanup.policy is {}, and must be delete", settings["cleanup.policy"]),
                  set("cleanup.policy", "delete"));
  }
  if (const auto retention = number("retention.ms"); retention >= 0 && retention < kDayMs) {
    return unsafe(topic, fmt::format("retention.ms is {}, and must be at least a day", retention),
                  set("retention.ms", kRetentionMs));
  }
  return {};
}

Result<> refuse_foreign(const KafkaOptions& options, const std::map<std::string, Admin::Topic>& there) {
  if (options.installation.empty()) return {};
  const std::string begin = options.topic_prefix + kInstallationTopic;
  for (auto found = there.lower_bound(begin); found != there.end() && found->first.starts_with(begin); ++found) {
    if (found->first == installation_topic(options)) continue;
    return fail(ErrorCode::kConflict,
                fmt::format("The Kafka topic {} belongs to another installation of Chat4All (the topic {} says so; the "
                            "keyspace of this one is of {}): give each installation a kafka.topic_prefix and a "
                            "kafka.group of its own, or correct kafka.brokers or cassandra.keyspace.",
                            commands_topic(options), found->first, options.installation));
  }
  return {};
}

}  // namespace

Result<> create_kafka_topics(const KafkaOptions& options) {
  C4A_TRY(auto admin, Admin::open(options));
  C4A_TRY(const auto there, admin.topics());
  C4A_CHECK(refuse_foreign(options, there));
  auto wanted = topic_names(options);
  if (!options.installation.empty()) wanted.push_back(installation_topic(options));
  std::vector<std::string> missing;
  for (const auto& name : wanted) {
    if (!there.contains(name)) missing.push_back(name);
  }
  if (missing.empty()) return {};
  C4A_CHECK(admin.create(missing));
  // A broker may answer a moment before the others know.
  for (int attempt = 0; attempt < kVisibleAttempts; ++attempt) {
    C4A_TRY(const auto now, admin.topics());
    if (std::ranges::all_of(missing, [&](const auto& name) { return now.contains(name); })) return {};
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return fail(ErrorCode::kUnavailable,
              "Kafka has made the topics and does not show them; run `chat4all migrate` again.");
}

Result<> check_kafka_topics(const KafkaOptions& options) {
  C4A_TRY(auto admin, Admin::open(options));
  C4A_TRY(auto there, admin.topics());
  // A broker may hear of new topics a moment after the one that made them.
  auto names = topic_names(options);
  if (!options.installation.empty()) names.push_back(installation_topic(options));
  for (int attempt = 0; attempt < kKnownAttempts; ++attempt) {
    if (std::ranges::all_of(names, [&](const auto& name) { return there.contains(name); })) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    C4A_TRY(there, admin.topics());
  }
  C4A_CHECK(refuse_foreign(options, there));
  if (const auto found = there.find(commands_topic(options));
      found != there.end() && found->second.partitions != options.partitions) {
    return fail(
        ErrorCode::kValidationFailed,
        fmt::format("The Kafka topic {} has {} partitions and kafka.partitions says {}: set the option to what the "
                    "topic has; the number of a topic in use must not change, or messages would be lost.",
                    commands_topic(options), found->second.partitions, options.partitions));
  }
  for (const auto& name : names) {
    const auto found = there.find(name);
    if (found == there.end()) {
      return fail(ErrorCode::kValidationFailed,
                  fmt::format("The Kafka topic {} is missing; `chat4all migrate` makes it.", name));
    }
    if (found->second.replicas < options.min_replication) {
      return unsafe(
          name,
          fmt::format("it has {} replicas, and must have at least {}", found->second.replicas, options.min_replication),
          "raise them with kafka-reassign-partitions, or lower kafka.min_replication for a test");
    }
    if (options.min_replication <= 1 || name == installation_topic(options)) continue;
    C4A_TRY(auto settings, admin.settings_of(name));
    C4A_CHECK(check_settings(name, settings));
  }
  return {};
}

// Asked topic by topic: librdkafka 2.0.2 crashes where it is asked for all that a group has read, and the group's
// coordinator is not there yet.
Result<> check_kafka_group(const KafkaOptions& options) {
  C4A_TRY(auto admin, Admin::open(options));
  C4A_TRY(const auto there, admin.topics());
  const kafka::PartitionList others(rd_kafka_topic_partition_list_new(16));
  for (const auto& [name, topic] : there) {
    const auto prefix = prefix_of_commands_topic(name);
    if (!prefix || *prefix == options.topic_prefix) continue;
    rd_kafka_topic_partition_list_add_range(others.get(), name.c_str(), 0, topic.partitions - 1);
  }
  if (others->cnt == 0) return {};
  C4A_TRY(auto conf, kafka::make_conf(options, {{"group.id", options.group}}));
  C4A_TRY(const auto member, kafka::make_client(RD_KAFKA_CONSUMER, std::move(conf)));
  if (rd_kafka_committed(member.get(), others.get(), kAnswerMs) != RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  for (int i = 0; i < others->cnt; ++i) {
    const auto& part = others->elems[i];
    if (part.offset < 0) continue;
    return fail(ErrorCode::kConflict,
                fmt::format("The Kafka consumer group {} also reads the topic {}, so another installation uses it: set "
                            "kafka.group to a name that no other has; if none reads that topic any more, delete the "
                            "group's offsets of it with kafka-consumer-groups --delete-offsets --group {} --topic {}.",
                            options.group, part.topic, options.group, part.topic));
  }
  return {};
}

Result<std::string> kafka_cluster_id(const KafkaOptions& options) {
  C4A_TRY(auto admin, Admin::open(options));
  return admin.cluster_id();
}

Result<int> kafka_partition_count(const KafkaOptions& options) {
  C4A_TRY(auto admin, Admin::open(options));
  // A broker that has just started answers before it knows all topics.
  for (int attempt = 0; attempt < kKnownAttempts; ++attempt) {
    if (attempt > 0) std::this_thread::sleep_for(std::chrono::milliseconds(250));
    C4A_TRY(const auto there, admin.topics());
    const auto found = there.find(commands_topic(options));
    if (found != there.end() && found->second.partitions > 0) return found->second.partitions;
  }
  return 0;
}

}  // namespace c4a
