#include "message_log/kafka/kafka_admin.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace c4a::kafka {
namespace {

constexpr int kAnswerMs = 5000;
constexpr int kLookMs = 500;
constexpr int kCreateMs = 30'000;
constexpr int kKnownAttempts = 20;

Error hidden(const std::string& topic, rd_kafka_resp_err_t code) {
  return {ErrorCode::kUnavailable,
          fmt::format("Kafka does not show the settings of the topic {} ({}), so it may be unsafe; give the user of "
                      "kafka.username the right DescribeConfigs on it.",
                      topic, text_of(code))};
}

Error not_set(const std::string& topic, std::string_view reason) {
  return {ErrorCode::kUnavailable,
          fmt::format("Kafka does not change the settings of the topic {} ({}); give the user of kafka.username the "
                      "right AlterConfigs on it.",
                      topic, reason)};
}

}  // namespace

Result<Admin> Admin::open(const KafkaOptions& options) {
  Admin admin(options);
  C4A_TRY(auto conf, make_conf(options, {}));
  rd_kafka_conf_set_opaque(conf.get(), admin.trouble_.get());
  rd_kafka_conf_set_error_cb(conf.get(), [](rd_kafka_t*, int code, const char* reason, void* trouble) {
    static_cast<Trouble*>(trouble)->heard(code, reason);
  });
  C4A_TRY(admin.client_, make_client(RD_KAFKA_PRODUCER, std::move(conf)));
  admin.queue_.reset(rd_kafka_queue_new(admin.client_.get()));
  return admin;
}

Error Admin::unreachable(rd_kafka_resp_err_t code) const {
  rd_kafka_poll(client_.get(), 0);  // the error callback knows more than the code
  return kafka::unreachable(options_, *trouble_, text_of(code));
}

Result<std::map<std::string, Admin::Topic>> Admin::topics() {
  const struct rd_kafka_metadata* metadata = nullptr;
  auto code = rd_kafka_resp_err_t{RD_KAFKA_RESP_ERR__TIMED_OUT};
  for (int waited_ms = 0; waited_ms < kAnswerMs && code != RD_KAFKA_RESP_ERR_NO_ERROR; waited_ms += kLookMs) {
    code = rd_kafka_metadata(client_.get(), 1, nullptr, &metadata, kLookMs);
    rd_kafka_poll(client_.get(), 0);  // the error callback
    if (trouble_->is_final()) break;
  }
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return fail(unreachable(code));
  trouble_->over();
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

Result<std::string> Admin::cluster_id() {
  const std::unique_ptr<char, void (*)(void*)> id(rd_kafka_clusterid(client_.get(), kAnswerMs),
                                                  [](void* text) { rd_kafka_mem_free(nullptr, text); });
  if (!id) return fail(unreachable(RD_KAFKA_RESP_ERR__TIMED_OUT));
  return std::string(id.get());
}

Result<std::map<int, Admin::Range>> Admin::ranges_of(const std::vector<KafkaPlace>& places) {
  const auto ask = [&](std::int64_t which) -> Result<PartitionList> {
    PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(places.size())));
    for (const auto& place : places) {
      rd_kafka_topic_partition_list_add(list.get(), place.topic.c_str(), place.partition)->offset = which;
    }
    const auto code = rd_kafka_offsets_for_times(client_.get(), list.get(), kAnswerMs);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return fail(unreachable(code));
    return list;
  };
  C4A_TRY(const auto firsts, ask(RD_KAFKA_OFFSET_BEGINNING));
  C4A_TRY(const auto ends, ask(RD_KAFKA_OFFSET_END));
  std::map<int, Range> found;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto& first = firsts->elems[i];
    const auto& end = ends->elems[i];
    if (first.err != RD_KAFKA_RESP_ERR_NO_ERROR || end.err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    if (first.offset >= 0 && end.offset >= 0) found[places[i].number()] = {first.offset, end.offset};
  }
  return found;
}

Result<> Admin::create(const std::vector<std::string>& names) {
  std::vector<rd_kafka_NewTopic_t*> wanted;
  char error[256];
  for (const auto& name : names) {
    const int partitions = name == installation_topic(options_) ? 1 : options_.partitions;
    auto* topic = rd_kafka_NewTopic_new(name.c_str(), partitions, options_.replication, error, sizeof error);
    rd_kafka_NewTopic_set_config(topic, "min.insync.replicas", options_.replication > 1 ? "2" : "1");
    rd_kafka_NewTopic_set_config(topic, "unclean.leader.election.enable", "false");
    rd_kafka_NewTopic_set_config(topic, "retention.ms", kRetentionMs);
    rd_kafka_NewTopic_set_config(topic, kMaxBytesSetting,
                                 name.ends_with(kDeadLettersTopic) ? kMaxDeadLetterBytes : kMaxMessageBytes);
    wanted.push_back(topic);
  }
  rd_kafka_CreateTopics(client_.get(), wanted.data(), wanted.size(), nullptr, queue_.get());
  const Event event(rd_kafka_queue_poll(queue_.get(), kCreateMs));
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
                            reason != nullptr ? reason : text_of(code)));
  }
  return {};
}

Result<Admin::Settings> Admin::settings_of(const std::string& topic) {
  auto settings = read_settings(topic, false);
  for (int attempt = 0; attempt < kKnownAttempts && !settings && unknown_; ++attempt) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    settings = read_settings(topic, false);
  }
  return settings;
}

Result<Admin::Settings> Admin::read_settings(const std::string& topic, bool own) {
  auto* resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str());
  rd_kafka_DescribeConfigs(client_.get(), &resource, 1, nullptr, queue_.get());
  const Event event(rd_kafka_queue_poll(queue_.get(), kAnswerMs));
  rd_kafka_ConfigResource_destroy(resource);
  const auto* result = event ? rd_kafka_event_DescribeConfigs_result(event.get()) : nullptr;
  if (result == nullptr) return fail(unreachable(RD_KAFKA_RESP_ERR__TIMED_OUT));
  if (const auto code = rd_kafka_event_error(event.get())) return fail(hidden(topic, code));
  std::size_t count = 0;
  const auto** resources = rd_kafka_DescribeConfigs_result_resources(result, &count);
  if (count == 0) return fail(hidden(topic, RD_KAFKA_RESP_ERR_UNKNOWN));
  const auto code = rd_kafka_ConfigResource_error(resources[0]);
  unknown_ = code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return fail(hidden(topic, code));
  Settings settings;
  std::size_t entries = 0;
  const auto** configs = rd_kafka_ConfigResource_configs(resources[0], &entries);
  for (std::size_t i = 0; i < entries; ++i) {
    if (own && rd_kafka_ConfigEntry_source(configs[i]) != RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG) continue;
    const char* value = rd_kafka_ConfigEntry_value(configs[i]);
    settings[rd_kafka_ConfigEntry_name(configs[i])] = value != nullptr ? value : "";
  }
  return settings;
}

// This request replaces all of a topic's own settings, so those that are there go with it.
Result<> Admin::set(const std::string& topic, const std::string& name, const std::string& value) {
  C4A_TRY(auto settings, read_settings(topic, true));
  settings[name] = value;
  auto* resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str());
  for (const auto& [key, text] : settings) rd_kafka_ConfigResource_set_config(resource, key.c_str(), text.c_str());
  rd_kafka_AlterConfigs(client_.get(), &resource, 1, nullptr, queue_.get());
  const Event event(rd_kafka_queue_poll(queue_.get(), kCreateMs));
  rd_kafka_ConfigResource_destroy(resource);
  const auto* result = event ? rd_kafka_event_AlterConfigs_result(event.get()) : nullptr;
  if (result == nullptr) return fail(unreachable(RD_KAFKA_RESP_ERR__TIMED_OUT));
  if (const auto code = rd_kafka_event_error(event.get())) return fail(not_set(topic, text_of(code)));
  std::size_t count = 0;
  const auto** resources = rd_kafka_AlterConfigs_result_resources(result, &count);
  if (count == 0) return fail(not_set(topic, "no answer"));
  const auto code = rd_kafka_ConfigResource_error(resources[0]);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return fail(not_set(topic, text_of(code)));
  return {};
}

}  // namespace c4a::kafka
