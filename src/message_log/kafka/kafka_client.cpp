#include "message_log/kafka/kafka_client.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace c4a::kafka {

Result<ConfPtr> make_conf(const KafkaOptions& options, Settings settings) {
  ConfPtr conf(rd_kafka_conf_new());
  const auto set = [&](const char* name, const std::string& value) -> Result<> {
    char error[512];
    if (rd_kafka_conf_set(conf.get(), name, value.c_str(), error, sizeof error) == RD_KAFKA_CONF_OK) return {};
    return fail(ErrorCode::kValidationFailed, fmt::format("Kafka refuses the setting {}: {}.", name, error));
  };
  C4A_CHECK(set("bootstrap.servers", fmt::format("{}", fmt::join(options.brokers, ","))));
  C4A_CHECK(set("client.id", "chat4all"));
  C4A_CHECK(set("security.protocol", options.security));
  if (options.security.starts_with("sasl")) {
    C4A_CHECK(set("sasl.mechanism", options.sasl_mechanism));
    C4A_CHECK(set("sasl.username", options.username));
    C4A_CHECK(set("sasl.password", options.password));
  }
  if (!options.ca_file.empty()) {
    if (::access(options.ca_file.c_str(), R_OK) != 0) {
      return fail(ErrorCode::kValidationFailed,
                  fmt::format("The file {} of kafka.ca_file cannot be read ({}): name a readable PEM file.",
                              options.ca_file, std::strerror(errno)));
    }
    C4A_CHECK(set("ssl.ca.location", options.ca_file));
  }
  // A broker that hangs is noticed in seconds, not in a minute.
  C4A_CHECK(set("socket.timeout.ms", "4000"));
  C4A_CHECK(set("socket.connection.setup.timeout.ms", "4000"));
  C4A_CHECK(set("reconnect.backoff.max.ms", "1000"));
  // Brokers close connections that are idle; that is no trouble.
  C4A_CHECK(set("log.connection.close", "false"));
  for (const auto& [name, value] : settings) C4A_CHECK(set(name, value));
  rd_kafka_conf_set_log_cb(conf.get(), log_line);
  return conf;
}

Result<Client> make_client(rd_kafka_type_t type, ConfPtr conf) {
  char error[512];
  Client client(rd_kafka_new(type, conf.get(), error, sizeof error));
  if (!client) {
    return fail(ErrorCode::kValidationFailed,
                fmt::format("The Kafka client cannot start ({}): correct kafka.ca_file, kafka.sasl_mechanism, "
                            "kafka.username or kafka.password.",
                            error));
  }
  (void)conf.release();  // the client has it
  return client;
}

Error unreachable(const KafkaOptions& options, const Trouble& trouble, std::string otherwise) {
  const std::string where = fmt::format("{}", fmt::join(options.brokers, ","));
  const std::string why = trouble.text_or(std::move(otherwise));
  const auto sentence = [&]() -> std::string {
    switch (trouble.code()) {
      case RD_KAFKA_RESP_ERR__AUTHENTICATION:
        return fmt::format(
            "Kafka at {} refuses the login of {} ({}): correct kafka.username, kafka.password or "
            "kafka.sasl_mechanism.",
            where, options.username, why);
      case RD_KAFKA_RESP_ERR__SSL:
        return fmt::format(
            "Kafka at {} and this server do not agree on TLS ({}): see that these ports are as "
            "kafka.security says, that kafka.ca_file holds who signed the brokers' certificates, and that "
            "those name the brokers' addresses.",
            where, why);
      default:
        return fmt::format(
            "Kafka at {} does not answer ({}): start it, or set kafka.brokers and kafka.security to what "
            "it expects.",
            where, why);
    }
  };
  return {ErrorCode::kUnavailable, sentence(), {}, 1};
}

void Trouble::heard(int code, const char* text) {
  int clearness = 2;
  if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) clearness = 1;
  if (code == RD_KAFKA_RESP_ERR__SSL || code == RD_KAFKA_RESP_ERR__AUTHENTICATION) clearness = 3;
  const std::lock_guard lock(mutex_);
  if (clearness <= clearness_) return;  // the first of a kind
  clearness_ = clearness;
  code_ = code;
  text_ = text;
}

void Trouble::over() {
  const std::lock_guard lock(mutex_);
  clearness_ = code_ = 0;
  text_.clear();
}

bool Trouble::is_final() const {
  const int heard = code();
  return heard == RD_KAFKA_RESP_ERR__SSL || heard == RD_KAFKA_RESP_ERR__AUTHENTICATION;
}

std::string Trouble::text_or(std::string otherwise) const {
  const std::lock_guard lock(mutex_);
  return text_.empty() ? std::move(otherwise) : text_;
}

int Trouble::code() const {
  const std::lock_guard lock(mutex_);
  return code_;
}

void log_line(const rd_kafka_t*, int, const char*, const char*) {
  // What matters comes as an error event, with its own sentence.
}

}  // namespace c4a::kafka
