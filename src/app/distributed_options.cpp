#include "app/distributed_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace c4a {

KafkaOptions kafka_options(const Config& config, const Uuid& installation) {
  const KafkaSettings& from = config.kafka;
  KafkaOptions options;
  options.installation = installation.str();
  options.brokers = from.brokers;
  options.topic_prefix = from.topic_prefix;
  options.group = from.group;
  options.generation = static_cast<std::uint64_t>(from.generation);
  options.partitions = static_cast<int>(from.partitions);
  options.replication = static_cast<int>(from.replication);
  options.min_replication = static_cast<int>(from.min_replication);
  options.security = from.security;
  options.sasl_mechanism = from.sasl_mechanism;
  options.username = from.username;
  options.password = from.password;
  options.ca_file = from.ca_file;
  options.linger_ms = static_cast<int>(from.linger_ms);
  options.decision_wait_ms = config.server.decision_wait_ms;
  return options;
}

RedisOptions redis_options(const Config& config) {
  const RedisSettings& from = config.redis;
  RedisOptions options;
  options.address = from.address;
  options.sentinels = from.sentinels;
  options.master = from.master;
  options.username = from.username;
  options.password = from.password;
  options.sentinel_password = from.sentinel_password;
  options.tls = from.tls;
  options.ca_file = from.ca_file;
  options.prefix = from.prefix;
  return options;
}

CassandraOptions cassandra_options(const Config& config) {
  const CassandraSettings& from = config.cassandra;
  CassandraOptions options;
  options.hosts = fmt::format("{}", fmt::join(from.hosts, ","));
  options.keyspace = from.keyspace;
  options.user = from.username;
  options.password = from.password;
  options.tls = from.tls;
  options.ca_file = from.ca_file;
  options.replication = static_cast<int>(from.replication);
  options.min_replication = static_cast<int>(from.min_replication);
  options.retention_days = static_cast<int>(config.messages.retention_days);
  return options;
}

PostgresMetadataStoreOptions postgres_options(const Config& config) {
  PostgresMetadataStoreOptions options;
  options.connection_string = config.postgres.connection;
  options.pool_size = static_cast<std::size_t>(config.postgres.pool);
  return options;
}

}  // namespace c4a
