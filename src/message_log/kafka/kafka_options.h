#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace c4a {

// Of the commands' topic: as many as positions have room for (kafka_place.h).
inline constexpr int kMostPartitions = 4'000;
inline constexpr int kMostGenerations = 500;

struct KafkaOptions {
  std::vector<std::string> brokers;        // host:port of some of them
  std::string topic_prefix;                // before every topic's name: several installations on one cluster
  std::string group = "chat4all-routers";  // the consumer group of the routers
  std::string installation;                // whose the topics are; empty: nobody asks
  std::uint64_t generation = 1;            // the first to look for; see kafka_generations.h
  int partitions = 12;                     // of a topic that is created
  int replication = 3;                     // of a topic that is created
  int min_replication = 3;                 // fewer copies are refused
  std::string security = "plaintext";      // plaintext, ssl, sasl_plaintext, sasl_ssl
  std::string sasl_mechanism = "PLAIN";
  std::string username;
  std::string password;
  std::string ca_file;                  // PEM; empty: the system's
  int linger_ms = 2;                    // how long a command waits for others to share a request
  std::int64_t decision_wait_ms = 500;  // from the log's answer on
  std::size_t waiting_limit = 100'000;  // commands of one gateway without an answer
};

inline constexpr const char* kCommandsTopic = "chat_messages";
inline constexpr const char* kStatusTopic = "message_status";
inline constexpr const char* kDeadLettersTopic = "dead_letters";

// A topic whose name says to which installation the topics of a prefix belong: a name is all that Kafka keeps of a
// topic for good. It holds nothing.
inline constexpr const char* kInstallationTopic = "installation-";
inline std::string installation_topic(const KafkaOptions& options) {
  return options.topic_prefix + kInstallationTopic + options.installation;
}

// The commands' topic of a generation: the first has the plain name.
inline std::string commands_topic(const KafkaOptions& options, std::uint64_t generation) {
  std::string name = options.topic_prefix + kCommandsTopic;
  if (generation > 1) name += "." + std::to_string(generation);
  return name;
}
inline std::string commands_topic(const KafkaOptions& options) { return commands_topic(options, options.generation); }

}  // namespace c4a
