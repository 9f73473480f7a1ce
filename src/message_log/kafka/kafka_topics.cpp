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

#include "message_log/kafka/kafka_admin.h"

namespace c4a {
namespace {

using kafka::Admin;

constexpr int kAnswerMs = 5000;
constexpr int kKnownAttempts = 20;
constexpr int kVisibleAttempts = 100;
constexpr std::int64_t kDayMs = 86'400'000;

std::vector<std::string> topic_names(const KafkaOptions& options) {
  return {commands_topic(options), options.topic_prefix + kStatusTopic, options.topic_prefix + kDeadLettersTopic};
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
                  set("retention.ms", kafka::kRetentionMs));
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
  for (std::uint64_t later = options.generation + 1; there.contains(commands_topic(options, later)); ++later) {
    names.push_back(commands_topic(options, later));
  }
  if (const auto found = there.find(commands_topic(options));
      found != there.end() && found->second.partitions != options.partitions) {
    return fail(
        ErrorCode::kValidationFailed,
        fmt::format(
            "The Kafka topic {} has {} partitions and kafka.partitions says {}: set the option to what the "
            "topic has; the number of a topic in use must not change, or messages would be lost (`chat4all migrate "
            "--partitions` makes another topic).",
            commands_topic(options), found->second.partitions, options.partitions));
  }
  for (const auto& name : names) {
    const auto found = there.find(name);
    if (found == there.end()) {
      return fail(ErrorCode::kValidationFailed,
                  fmt::format("The Kafka topic {} is missing; `chat4all migrate` makes it.", name));
    }
    if (found->second.partitions > kMostPartitions) {
      return fail(ErrorCode::kValidationFailed,
                  fmt::format("The Kafka topic {} has {} partitions, and may have {}; make it anew with fewer.", name,
                              found->second.partitions, kMostPartitions));
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
