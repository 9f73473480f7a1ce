#pragma once

// Topics as the brokers know them: looking, making, setting. Blocks. Inside this folder only.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "message_log/kafka/kafka_client.h"
#include "message_log/kafka/kafka_place.h"

namespace c4a::kafka {

inline constexpr const char* kRetentionMs = "604800000";  // of topics that are made

// Every call fails with kUnavailable, saying what to do.
class Admin {
 public:
  static Result<Admin> open(const KafkaOptions& options);

  struct Topic {
    int partitions = 0;
    int replicas = 0;  // of the partition that has the fewest
  };
  Result<std::map<std::string, Topic>> topics();
  // What the cluster calls itself, wherever its brokers move.
  Result<std::string> cluster_id();
  // With options.partitions (the mark of the installation: with one) and options.replication each; one that is there
  // stays as it is.
  Result<> create(const std::vector<std::string>& names);

  struct Range {
    std::int64_t first = 0;  // the first offset that is there
    std::int64_t end = 0;    // behind the last
  };
  // By KafkaPlace::number(); those whose leader answers.
  Result<std::map<int, Range>> ranges_of(const std::vector<KafkaPlace>& places);

  using Settings = std::map<std::string, std::string>;
  // In effect. A broker that does not know a new topic yet is asked again.
  Result<Settings> settings_of(const std::string& topic);
  // The topic's own settings stay but for this one.
  Result<> set(const std::string& topic, const std::string& name, const std::string& value);

 private:
  explicit Admin(const KafkaOptions& options) : options_(options) {}
  Result<Settings> read_settings(const std::string& topic, bool own);
  Error unreachable(rd_kafka_resp_err_t code) const;

  bool unknown_ = false;  // the broker that was asked last did not know the topic
  KafkaOptions options_;
  std::unique_ptr<Trouble> trouble_ = std::make_unique<Trouble>();
  Client client_;
  Queue queue_;
};

}  // namespace c4a::kafka
