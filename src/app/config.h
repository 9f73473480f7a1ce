#pragma once

// The configuration: every option as one field with its default. Bounds, help text and names stand in the table of
// config_options.cpp; how file, environment and flags come together in config_load.h.

#include <cstdint>
#include <string>
#include <vector>

#include "telemetry/log.h"

namespace c4a {

// The engines behind each interface, in the order of their names in the table.
enum class LogEngine : std::uint8_t { kEmbedded, kKafka };
enum class MessagesEngine : std::uint8_t { kEmbedded, kCassandra };
enum class MetadataEngine : std::uint8_t { kSqlite, kPostgres };
enum class FilesEngine : std::uint8_t { kLocal, kS3 };
enum class PresenceEngine : std::uint8_t { kMemory, kRedis };

struct TlsSettings {
  std::string certificate;
  std::string key;
  bool operator==(const TlsSettings&) const = default;
};

struct ServerSettings {
  std::string listen = "127.0.0.1:8080";
  std::string data = "./data";
  std::vector<std::string> roles = {"all"};
  std::string public_url;
  std::vector<std::string> trusted_proxies;
  std::vector<std::string> allowed_origins;
  std::int64_t threads = 0;
  std::int64_t worker_threads = 8;
  std::int64_t decision_wait_ms = 500;
  TlsSettings tls;
  bool operator==(const ServerSettings&) const = default;
};

// What the program says (level, format) and the command log (engine) share a section, as the contract has it.
struct LogOptions {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kAuto;
  LogEngine engine = LogEngine::kEmbedded;
  bool operator==(const LogOptions&) const = default;
};

struct MessagesSettings {
  MessagesEngine engine = MessagesEngine::kEmbedded;
  std::int64_t retention_days = 0;
  std::int64_t cache_bytes = 64 << 20;
  std::int64_t state_bytes = 0;
  bool operator==(const MessagesSettings&) const = default;
};

struct MetadataSettings {
  MetadataEngine engine = MetadataEngine::kSqlite;
  bool operator==(const MetadataSettings&) const = default;
};

struct FilesSettings {
  FilesEngine engine = FilesEngine::kLocal;
  bool operator==(const FilesSettings&) const = default;
};

struct PresenceSettings {
  PresenceEngine engine = PresenceEngine::kMemory;
  bool operator==(const PresenceSettings&) const = default;
};

struct AuthSettings {
  std::int64_t access_token_seconds = 3600;
  std::int64_t refresh_token_days = 30;
  bool open_registration = false;
  std::string issuer = "chat4all";
  std::string audience = "chat4all";
  std::string jwks_url;
  bool operator==(const AuthSettings&) const = default;
};

struct LimitsSettings {
  std::int64_t body_bytes = 1 << 20;
  std::int64_t frame_bytes = 256 << 10;
  std::int64_t connections = 100'000;
  std::int64_t sends_per_second_per_user = 50;
  std::int64_t sends_burst = 200;
  std::int64_t logins_per_minute = 30;
  std::int64_t receipt_members = 100;
  bool operator==(const LimitsSettings&) const = default;
};

struct SessionsSettings {
  std::int64_t queue_bytes = 1 << 20;
  std::int64_t retention_days = 30;
  std::int64_t heartbeat_seconds = 30;
  bool operator==(const SessionsSettings&) const = default;
};

struct GrpcSettings {
  std::string listen;
  bool operator==(const GrpcSettings&) const = default;
};

// The servers of the distributed profile.
struct KafkaSettings {
  std::vector<std::string> brokers;
  std::string topic_prefix;
  std::string group = "chat4all-routers";
  std::int64_t generation = 1;
  std::int64_t partitions = 12;
  std::int64_t replication = 3;
  std::int64_t min_replication = 3;
  std::string security = "plaintext";
  std::string sasl_mechanism = "PLAIN";
  std::string username;
  std::string password;
  std::string ca_file;
  std::int64_t linger_ms = 2;
  bool operator==(const KafkaSettings&) const = default;
};

struct CassandraSettings {
  std::vector<std::string> hosts;
  std::string keyspace = "chat4all_ks";
  std::int64_t replication = 3;
  std::int64_t min_replication = 3;
  std::string username;
  std::string password;
  bool tls = false;
  std::string ca_file;
  bool operator==(const CassandraSettings&) const = default;
};

struct PostgresSettings {
  std::string connection;  // libpq's: an URL or key=value pairs; several hosts
  std::int64_t pool = 16;
  bool operator==(const PostgresSettings&) const = default;
};

struct RedisSettings {
  std::string address = "127.0.0.1:6379";
  std::vector<std::string> sentinels;
  std::string master = "chat4all";
  std::string username;
  std::string password;
  std::string sentinel_password;
  bool tls = false;
  std::string ca_file;
  std::string prefix = "c4a:";
  bool operator==(const RedisSettings&) const = default;
};

struct Config {
  ServerSettings server;
  LogOptions log;
  MessagesSettings messages;
  MetadataSettings metadata;
  FilesSettings files;
  PresenceSettings presence;
  AuthSettings auth;
  LimitsSettings limits;
  SessionsSettings sessions;
  GrpcSettings grpc;
  KafkaSettings kafka;
  CassandraSettings cassandra;
  PostgresSettings postgres;
  RedisSettings redis;
  bool operator==(const Config&) const = default;
};

}  // namespace c4a
