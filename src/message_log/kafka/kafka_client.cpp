#include "message_log/kafka/kafka_client.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

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
  if (!options.ca_file.empty()) C4A_CHECK(set("ssl.ca.location", options.ca_file));
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
  if (!client) return fail(ErrorCode::kUnavailable, fmt::format("The Kafka client cannot start: {}.", error));
  (void)conf.release();  // the client has it
  return client;
}

Error unreachable(const KafkaOptions& options, std::string_view reason) {
  return {ErrorCode::kUnavailable,
          fmt::format("Kafka at {} does not answer ({}); start it, or set kafka.brokers and the kafka.security options "
                      "to what it expects.",
                      fmt::join(options.brokers, ","), reason),
          {},
          1};
}

void Trouble::heard(int code, const char* text) {
  int clearness = 2;
  if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) clearness = 1;
  if (code == RD_KAFKA_RESP_ERR__SSL || code == RD_KAFKA_RESP_ERR__AUTHENTICATION) clearness = 3;
  const std::lock_guard lock(mutex_);
  if (clearness <= clearness_) return;  // the first of a kind
  clearness_ = clearness;
  text_ = text;
}

void Trouble::over() {
  const std::lock_guard lock(mutex_);
  clearness_ = 0;
  text_.clear();
}

std::string Trouble::text_or(std::string otherwise) const {
  const std::lock_guard lock(mutex_);
  return text_.empty() ? std::move(otherwise) : text_;
}

void log_line(const rd_kafka_t*, int, const char*, const char*) {
  // What matters comes as an error event, with its own sentence.
}

}  // namespace c4a::kafka
