#include "app/config_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <numeric>

#include "app/config_values.h"
#include "message_log/kafka/kafka_options.h"

namespace c4a {
namespace {

// A key and the field it stands for, written once.
#define C4A_OPTION(path) #path, [](auto& config) -> auto& { return config.path; }

Complaint must_be(std::string_view allowed, std::string_view got) {
  return fmt::format("must be {}, not {}", allowed, got);
}

// Control characters and broken UTF-8 would come out again in logs and headers.
bool is_plain(std::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size()) &&
         std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

Option boolean(std::string_view key, auto field, std::string_view help) {
  return {key,
          OptionKind::kBoolean,
          "true or false",
          help,
          [field](Config& config, const OptionValue& value) -> Complaint {
            field(config) = std::get<bool>(value);
            return std::nullopt;
          },
          [field](const Config& config) -> OptionValue { return field(config); }};
}

Option integer(std::string_view key, auto field, std::int64_t min, std::int64_t max, std::string_view help) {
  std::string allowed = fmt::format("{} to {}", min, max);
  return {key,
          OptionKind::kInteger,
          allowed,
          help,
          [=](Config& config, const OptionValue& value) -> Complaint {
            const auto number = std::get<std::int64_t>(value);
            if (number < min || number > max) return must_be(allowed, fmt::to_string(number));
            field(config) = number;
            return std::nullopt;
          },
          [field](const Config& config) -> OptionValue { return field(config); }};
}

// `valid` judges the text, or each text of a list; `allowed` says what it takes.
Option text(std::string_view key, auto field, bool (*valid)(std::string_view), std::string_view allowed,
            std::string_view help) {
  return {key,
          OptionKind::kText,
          std::string(allowed),
          help,
          [=](Config& config, const OptionValue& value) -> Complaint {
            const auto& given = std::get<std::string>(value);
            if (!is_plain(given)) return "must be UTF-8 without control characters";
            if (!valid(given)) return must_be(allowed, fmt::format("\"{}\"", without_password(given)));
            field(config) = given;
            return std::nullopt;
          },
          [field](const Config& config) -> OptionValue { return field(config); }};
}

Option secret(std::string_view key, auto field, std::string_view help) {
  return {key,
          OptionKind::kText,
          "a text; never printed",
          help,
          [=](Config& config, const OptionValue& value) -> Complaint {
            const auto& given = std::get<std::string>(value);
            if (!is_plain(given)) return "must be UTF-8 without control characters";
            field(config) = given;
            return std::nullopt;
          },
          [field](const Config& config) -> OptionValue { return field(config); },
          true};
}

Option list(std::string_view key, auto field, bool (*valid)(std::string_view), std::string_view allowed,
            std::string_view help) {
  return {key,
          OptionKind::kList,
          fmt::format("a list: {}", allowed),
          help,
          [=](Config& config, const OptionValue& value) -> Complaint {
            const auto& given = std::get<std::vector<std::string>>(value);
            for (const std::string& item : given) {
              if (!is_plain(item)) return "must be UTF-8 without control characters";
              if (!valid(item)) return fmt::format("holds \"{}\", which is none of: {}", item, allowed);
            }
            field(config) = given;
            return std::nullopt;
          },
          [field](const Config& config) -> OptionValue { return field(config); }};
}

// Names in the order of the field's enum.
Option choice(std::string_view key, auto field, std::vector<std::string_view> names, std::string_view help) {
  std::string allowed = fmt::format("{}", fmt::join(names, " or "));
  return {
      key,
      OptionKind::kText,
      allowed,
      help,
      [=](Config& config, const OptionValue& value) -> Complaint {
        const auto& given = std::get<std::string>(value);
        const auto found = std::ranges::find(names, given);
        if (found == names.end()) return must_be(allowed, fmt::format("\"{}\"", given));
        auto& target = field(config);
        target = static_cast<std::remove_cvref_t<decltype(target)>>(found - names.begin());
        return std::nullopt;
      },
      [=](const Config& config) -> OptionValue { return std::string(names[static_cast<std::size_t>(field(config))]); }};
}

// As `choice`, for a field that keeps the name itself.
Option choice_text(std::string_view key, auto field, std::vector<std::string_view> names, std::string_view help) {
  std::string allowed = fmt::format("{}", fmt::join(names, " or "));
  return {key,
          OptionKind::kText,
          allowed,
          help,
          [=](Config& config, const OptionValue& value) -> Complaint {
            const auto& given = std::get<std::string>(value);
            if (std::ranges::find(names, given) == names.end()) return must_be(allowed, fmt::format("\"{}\"", given));
            field(config) = given;
            return std::nullopt;
          },
          [field](const Config& config) -> OptionValue { return field(config); }};
}

bool any_text(std::string_view) { return true; }
bool not_empty(std::string_view value) { return !value.empty(); }
bool listen_address(std::string_view value) { return parse_listen_address(value).has_value(); }
bool listen_address_or_empty(std::string_view value) { return value.empty() || listen_address(value); }
bool http_url_or_empty(std::string_view value) { return value.empty() || is_http_url(value); }
// Paths are appended to it.
bool public_url(std::string_view value) { return http_url_or_empty(value) && !value.ends_with('/'); }

// clang-format off
std::vector<Option> make_options() {
  return {
    text(C4A_OPTION(server.listen), listen_address, "HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080", "Where HTTP and WebSocket listen; port 0 lets the system choose."),
    text(C4A_OPTION(server.data), not_empty, "a directory", "Where everything is kept; made if it is not there."),
    list(C4A_OPTION(server.roles), is_role, "gateway, router, webhooks, connector:CHANNEL, all", "What this process does."),
    text(C4A_OPTION(server.public_url), public_url, "an http or https URL without a slash at its end, or empty", "How clients reach the server, for links to files. Checked, and not used by this build."),
    list(C4A_OPTION(server.trusted_proxies), is_network, "IP addresses and networks such as 10.0.0.0/8", "Proxies whose X-Forwarded-For is believed."),
    list(C4A_OPTION(server.allowed_origins), is_origin, "origins such as https://app.example.com", "Web pages of other origins that may use the API and the WebSocket."),
    integer(C4A_OPTION(server.threads), 0, 256, "Network threads; 0: one per core."),
    integer(C4A_OPTION(server.worker_threads), 1, 256, "Threads for work that waits: reads, passwords."),
    integer(C4A_OPTION(server.decision_wait_ms), 0, 60'000, "How long a send waits for its seq before it is answered without."),
    text(C4A_OPTION(server.tls.certificate), any_text, "a PEM file, or empty", "Certificate chain for https and wss; read again on SIGHUP. Empty: no TLS."),
    text(C4A_OPTION(server.tls.key), any_text, "a PEM file, or empty", "The certificate's private key."),

    choice(C4A_OPTION(log.level), {"debug", "info", "warn", "error"}, "The lowest level that is written to stderr."),
    choice(C4A_OPTION(log.format), {"auto", "text", "json"}, "Form of the lines; auto: text on a terminal, json elsewhere."),
    choice(C4A_OPTION(log.engine), {"embedded", "kafka"}, "What carries commands to the router."),

    choice(C4A_OPTION(messages.engine), {"embedded", "cassandra"}, "What keeps messages."),
    integer(C4A_OPTION(messages.retention_days), 0, 36'500, "Messages older than this are removed; 0: kept for ever."),
    integer(C4A_OPTION(messages.cache_bytes), 1 << 20, std::int64_t{1} << 40, "Memory for stored messages that are read often."),
    integer(C4A_OPTION(messages.state_bytes), 0, std::int64_t{1} << 40, "Memory for conversations that routers know; 0: an eighth of what the process may use."),

    choice(C4A_OPTION(metadata.engine), {"sqlite", "postgres"}, "What keeps users, keys and tokens."),
    choice(C4A_OPTION(files.engine), {"local", "s3"}, "What keeps files. This build has local."),
    choice(C4A_OPTION(presence.engine), {"memory", "redis"}, "What knows who is online."),

    integer(C4A_OPTION(auth.access_token_seconds), 1, 30 * 86'400, "Lifetime of an access token."),
    integer(C4A_OPTION(auth.refresh_token_days), 1, 3650, "Lifetime of a refresh token that is not used."),
    boolean(C4A_OPTION(auth.open_registration), "Whether anyone may create a user."),
    text(C4A_OPTION(auth.issuer), not_empty, "a text", "The iss of tokens that are trusted; with auth.jwks_url, the outside issuer's."),
    text(C4A_OPTION(auth.audience), not_empty, "a text", "The aud that an outside issuer's tokens must have."),
    text(C4A_OPTION(auth.jwks_url), http_url_or_empty, "an http or https URL, or empty", "Public keys of an outside issuer whose tokens are trusted too."),

    integer(C4A_OPTION(limits.body_bytes), 1024, 1 << 30, "The longest body of a request, but for files."),
    integer(C4A_OPTION(limits.frame_bytes), 1024, 16 << 20, "The longest WebSocket message."),
    integer(C4A_OPTION(limits.connections), 1, 10'000'000, "Connections at the same time; more are closed at once."),
    integer(C4A_OPTION(limits.sends_per_second_per_user), 0, 1'000'000, "Messages a user may send, lastingly; 0: no limit."),
    integer(C4A_OPTION(limits.sends_burst), 1, 1'000'000, "Messages a user may send at once."),
    integer(C4A_OPTION(limits.logins_per_minute), 0, 1'000'000, "Passwords tried per user and address; 0: no limit."),
    integer(C4A_OPTION(limits.receipt_members), 0, 10'000, "In larger groups live receipts come once all have reached a status."),

    integer(C4A_OPTION(sessions.queue_bytes), 4096, 1 << 30, "What may wait for a slow reader before its WebSocket is closed with 4008."),
    integer(C4A_OPTION(sessions.retention_days), 1, 3650, "A device that was away for longer gets a gap instead of the old messages."),
    integer(C4A_OPTION(sessions.heartbeat_seconds), 1, 3600, "How often a client should ping; announced in the ready frame."),

    list(C4A_OPTION(kafka.brokers), not_empty, "HOST:PORT of some brokers", "Where Kafka is, with log.engine = kafka."),
    text(C4A_OPTION(kafka.topic_prefix), any_text, "a text", "Before the name of every topic: several installations on one cluster."),
    text(C4A_OPTION(kafka.group), not_empty, "a text", "The consumer group of the routers."),
    integer(C4A_OPTION(kafka.generation), 1, kMostGenerations,
            "Of the commands' topic: the first to look for; `chat4all migrate --partitions` makes later ones."),
    integer(C4A_OPTION(kafka.partitions), 1, kMostPartitions, "Partitions of a topic that `chat4all migrate` makes."),
    integer(C4A_OPTION(kafka.replication), 1, 9, "Copies of a topic that `chat4all migrate` makes."),
    integer(C4A_OPTION(kafka.min_replication), 1, 9, "A topic with fewer copies is refused at start."),
    choice_text(C4A_OPTION(kafka.security), {"plaintext", "ssl", "sasl_plaintext", "sasl_ssl"}, "How brokers are talked to."),
    text(C4A_OPTION(kafka.sasl_mechanism), not_empty, "a SASL mechanism, such as PLAIN (with TLS) or SCRAM-SHA-256", "With a sasl security."),
    text(C4A_OPTION(kafka.username), any_text, "a text", "With a sasl security."),
    secret(C4A_OPTION(kafka.password), "With a sasl security."),
    text(C4A_OPTION(kafka.ca_file), any_text, "a PEM file, or empty", "Who signed the brokers' certificates. Empty: the system's authorities."),
    integer(C4A_OPTION(kafka.linger_ms), 0, 1000, "How long a command waits for others to share a request to the broker."),

    list(C4A_OPTION(cassandra.hosts), not_empty, "HOST:PORT of some nodes", "Where Cassandra is, with messages.engine = cassandra."),
    text(C4A_OPTION(cassandra.keyspace), not_empty, "a name", "The keyspace."),
    integer(C4A_OPTION(cassandra.replication), 1, 9, "Copies of a keyspace that `chat4all migrate` makes."),
    integer(C4A_OPTION(cassandra.min_replication), 1, 9, "A keyspace with fewer copies is refused at start."),
    text(C4A_OPTION(cassandra.username), any_text, "a text", "Empty: without a login."),
    secret(C4A_OPTION(cassandra.password), "Of cassandra.username."),
    boolean(C4A_OPTION(cassandra.tls), "Whether nodes are talked to through TLS. Their certificates must name their IP addresses."),
    text(C4A_OPTION(cassandra.ca_file), any_text, "a PEM file, or empty", "Who signed the nodes' certificates. Empty: the system's authorities."),

    secret(C4A_OPTION(postgres.connection), "Where PostgreSQL or CockroachDB is, with metadata.engine = postgres: a connection string such as postgres://user:password@host1,host2/chat4all?target_session_attrs=read-write."),
    integer(C4A_OPTION(postgres.pool), 1, 1000, "Connections of this process."),

    text(C4A_OPTION(redis.address), not_empty, "HOST:PORT", "Where Redis is, with presence.engine = redis and without sentinels."),
    list(C4A_OPTION(redis.sentinels), not_empty, "HOST:PORT of each Sentinel", "They name the master."),
    text(C4A_OPTION(redis.master), not_empty, "a name", "The name by which Sentinels know the master."),
    text(C4A_OPTION(redis.username), any_text, "a text", "Of an ACL; empty: the default user."),
    secret(C4A_OPTION(redis.password), "Empty: without a password."),
    secret(C4A_OPTION(redis.sentinel_password), "Of the Sentinels; empty: without."),
    boolean(C4A_OPTION(redis.tls), "Whether Redis and its Sentinels are talked to through TLS."),
    text(C4A_OPTION(redis.ca_file), any_text, "a PEM file, or empty", "Who signed their certificates. Empty: the system's authorities."),
    text(C4A_OPTION(redis.prefix), any_text, "a text", "Before every key and channel."),

    text(C4A_OPTION(grpc.listen), listen_address_or_empty, "HOST:PORT, or empty", "Where gRPC listens. Checked, and not used by this build."),
  };
}
// clang-format on

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::optional<std::vector<std::string>> split_list(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    const auto comma = text.find(',');
    auto item = text.substr(0, comma);
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (item.empty()) return std::nullopt;
    items.emplace_back(item);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
    if (text.empty()) return std::nullopt;
  }
  return items;
}

}  // namespace

std::string Option::environment_name() const {
  std::string name = "CHAT4ALL_";
  for (const char c : key) {
    if (c == '.') {
      name += "__";
    } else {
      name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
  }
  return name;
}

const std::vector<Option>& options() {
  static const std::vector<Option> kOptions = make_options();
  return kOptions;
}

const Option* find_option(std::string_view key) {
  const auto found = std::ranges::find(options(), key, &Option::key);
  return found == options().end() ? nullptr : &*found;
}

const Option* nearest_option(std::string_view key) {
  constexpr std::size_t kFarthest = 3;
  const auto distance = [key](const Option& option) { return edit_distance(key, option.key); };
  const auto nearest = std::ranges::min_element(options(), {}, distance);
  if (distance(*nearest) <= kFarthest) return &*nearest;
  // The right name in the wrong section.
  const auto name = key.substr(key.rfind('.') + 1);
  const auto namesake = std::ranges::find(options(), name, &Option::name);
  return namesake == options().end() ? nullptr : &*namesake;
}

std::optional<OptionValue> option_value(OptionKind kind, std::string_view text) {
  switch (kind) {
    case OptionKind::kBoolean:
      if (text == "true") return true;
      if (text == "false") return false;
      return std::nullopt;
    case OptionKind::kInteger: {
      std::int64_t number = 0;
      const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
      return number;
    }
    case OptionKind::kText:
      return std::string(text);
    case OptionKind::kList: {
      auto items = split_list(text);
      if (!items) return std::nullopt;
      return std::move(*items);
    }
  }
  return std::nullopt;
}

std::string_view kind_name(OptionKind kind) {
  switch (kind) {
    case OptionKind::kBoolean:
      return "true or false";
    case OptionKind::kInteger:
      return "a whole number";
    case OptionKind::kText:
      return "a text";
    case OptionKind::kList:
      return "a list of texts";
  }
  return "";
}

}  // namespace c4a
