#include "app/config_load.h"

#include <fmt/format.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>

#include "app/config_options.h"

namespace c4a {
namespace {

constexpr std::string_view kPrefix = "CHAT4ALL_";

std::unexpected<Error> bad(std::string_view where, std::string_view what) {
  return fail(ErrorCode::kValidationFailed, fmt::format("{}: {}.", where, what));
}

Result<> assign(LoadedConfig& loaded, const Option& option, const OptionValue& value, std::string where) {
  if (const Complaint complaint = option.assign(loaded.config, value)) {
    return bad(where, fmt::format("{} {}", option.key, *complaint));
  }
  loaded.origins[std::string(option.key)] = std::move(where);
  return {};
}

Result<> assign_text(LoadedConfig& loaded, const Option& option, std::string_view text, std::string where) {
  const auto value = option_value(option.kind, text);
  if (!value) return bad(where, fmt::format("{} must be {}, not \"{}\"", option.key, kind_name(option.kind), text));
  return assign(loaded, option, *value, std::move(where));
}

// ---- the file

// Reads one TOML file into the configuration.
class FileReader {
 public:
  FileReader(LoadedConfig& loaded, std::string path) : loaded_(loaded), path_(std::move(path)) {}

  Result<> read() {
    C4A_TRY(const std::string text, contents());
    try {
      return read_table(toml::parse(text, path_), "");
    } catch (const toml::parse_error& error) {
      return bad(place(error.source()), fmt::format("this is not valid TOML: {}", error.description()));
    }
  }

 private:
  Result<std::string> contents() const {
    std::error_code failure;
    if (std::filesystem::is_directory(path_, failure)) return bad(path_, "this is a directory, not a file");
    errno = 0;
    std::ifstream file(path_, std::ios::binary);
    std::string text(std::istreambuf_iterator<char>(file), {});
    if (!file.is_open() || file.bad()) return bad(path_, fmt::format("cannot be read: {}", std::strerror(errno)));
    return text;
  }

  std::string place(const toml::source_region& source) const { return fmt::format("{}:{}", path_, source.begin.line); }

  Result<> read_table(const toml::table& table, const std::string& prefix) {
    for (const auto& [key, node] : table) {
      const std::string path = prefix + std::string(key.str());
      const Option* option = find_option(path);
      if (option) {
        C4A_CHECK(read_option(*option, node));
      } else if (node.is_table() && is_section(path)) {
        C4A_CHECK(read_table(*node.as_table(), path + "."));
      } else {
        return unknown(path, key.source());
      }
    }
    return {};
  }

  static bool is_section(const std::string& path) {
    return std::ranges::any_of(options(), [&](const Option& option) { return option.key.starts_with(path + "."); });
  }

  std::unexpected<Error> unknown(const std::string& path, const toml::source_region& source) const {
    std::string what = fmt::format("there is no option {}", path);
    if (const Option* near = nearest_option(path)) what += fmt::format("; did you mean {}?", near->key);
    if (what.ends_with('?')) return fail(ErrorCode::kValidationFailed, fmt::format("{}: {}", place(source), what));
    return bad(place(source), what + " (`chat4all config reference` lists them all)");
  }

  Result<> read_option(const Option& option, const toml::node& node) {
    const auto value = node_value(option.kind, node);
    if (!value) return bad(place(node.source()), fmt::format("{} must be {}", option.key, kind_name(option.kind)));
    return assign(loaded_, option, *value, place(node.source()));
  }

  // The node as the option's kind; nothing where it is another, without any conversion.
  static std::optional<OptionValue> node_value(OptionKind kind, const toml::node& node) {
    switch (kind) {
      case OptionKind::kBoolean:
        if (const auto yes = node.value_exact<bool>()) return *yes;
        return std::nullopt;
      case OptionKind::kInteger:
        if (const auto number = node.value_exact<std::int64_t>()) return *number;
        return std::nullopt;
      case OptionKind::kText:
        if (auto text = node.value_exact<std::string>()) return std::move(*text);
        return std::nullopt;
      case OptionKind::kList:
        return list_value(node);
    }
    return std::nullopt;
  }

  static std::optional<OptionValue> list_value(const toml::node& node) {
    if (!node.is_array()) return std::nullopt;
    std::vector<std::string> items;
    for (const toml::node& item : *node.as_array()) {
      auto text = item.value_exact<std::string>();
      if (!text) return std::nullopt;
      items.push_back(std::move(*text));
    }
    return items;
  }

  LoadedConfig& loaded_;
  const std::string path_;
};

// ---- the environment

// Single and double underscores alike: CHAT4ALL_SERVER_LISTEN is more likely a slip than somebody else's variable.
std::string squeezed(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c != '_' || !out.ends_with('_')) out += c;
  }
  return out;
}

const Option* option_of_variable(std::string_view name, bool exact) {
  const auto found = std::ranges::find_if(options(), [&](const Option& option) {
    return exact ? option.environment_name() == name : squeezed(option.environment_name()) == squeezed(name);
  });
  return found == options().end() ? nullptr : &*found;
}

// "CHAT4ALL_LIMITS__BODY_BYTE" → "limits.body_byte"
std::string key_of_variable(std::string_view name) {
  std::string key;
  name.remove_prefix(kPrefix.size());
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name.substr(i, 2) == "__") {
      key += '.';
      ++i;
    } else {
      key += name[i] >= 'A' && name[i] <= 'Z' ? static_cast<char>(name[i] | 0x20) : name[i];
    }
  }
  return key;
}

Result<> read_variable(LoadedConfig& loaded, const EnvironmentVariable& variable) {
  if (const Option* option = option_of_variable(variable.name, true)) {
    return assign_text(loaded, *option, variable.value, variable.name);
  }
  const Option* slip = option_of_variable(variable.name, false);
  if (!slip && variable.name.find("__") == std::string::npos) return {};
  if (!slip) slip = nearest_option(key_of_variable(variable.name));
  const std::string hint = slip ? fmt::format("; did you mean {}?", slip->environment_name())
                                : " (`chat4all config reference` lists them all).";
  return fail(ErrorCode::kValidationFailed,
              fmt::format("{}: there is no option {}{}", variable.name, key_of_variable(variable.name), hint));
}

// ---- rules over several options

std::string origin_of(const LoadedConfig& loaded, std::string_view key) {
  const auto found = loaded.origins.find(key);
  return found == loaded.origins.end() ? std::string(key) : found->second;
}

Result<> check_together(const LoadedConfig& loaded) {
  const TlsSettings& tls = loaded.config.server.tls;
  if (tls.certificate.empty() != tls.key.empty()) {
    const bool has_key = tls.certificate.empty();
    return bad(origin_of(loaded, has_key ? "server.tls.key" : "server.tls.certificate"),
               "server.tls.certificate and server.tls.key must be given together");
  }
  if (!loaded.config.auth.jwks_url.empty() && loaded.config.auth.issuer == AuthSettings().issuer) {
    return bad(origin_of(loaded, "auth.jwks_url"),
               "auth.jwks_url needs auth.issuer, the iss of the outside issuer whose tokens are to be trusted");
  }
  return {};
}

}  // namespace

Result<LoadedConfig> load_config(const ConfigInput& input) {
  LoadedConfig loaded;
  std::error_code failure;
  if (input.file || std::filesystem::exists(input.default_file, failure)) {
    C4A_CHECK(FileReader(loaded, input.file.value_or(input.default_file)).read());
  }
  for (const EnvironmentVariable& variable : input.environment) {
    if (variable.name.starts_with(kPrefix)) C4A_CHECK(read_variable(loaded, variable));
  }
  for (const OptionFlag& flag : input.flags) {
    C4A_CHECK(assign_text(loaded, *find_option(flag.key), flag.value, flag.flag));
  }
  C4A_CHECK(check_together(loaded));
  return loaded;
}

Result<> check_engines(const Config& config) {
  if (config.files.engine != FilesEngine::kLocal) {
    return fail(ErrorCode::kNotImplemented, "This build does not have the engine s3 yet: set files.engine to local.");
  }
  const std::array shared = {config.log.engine == LogEngine::kKafka,
                             config.messages.engine == MessagesEngine::kCassandra,
                             config.presence.engine == PresenceEngine::kRedis};
  const auto wanted = std::ranges::count(shared, true);
  if (wanted != 0 && wanted != std::ssize(shared)) {
    return fail(
        ErrorCode::kValidationFailed,
        "log.engine = kafka, messages.engine = cassandra and presence.engine = redis go together: set all three, "
        "or none of them.");
  }
  const bool distributed = wanted != 0;
  const bool apart = config.server.roles != ServerSettings().roles;
  if (apart && (!distributed || config.metadata.engine != MetadataEngine::kPostgres)) {
    return fail(ErrorCode::kValidationFailed,
                "Roles apart (server.roles) need engines that several processes share: set log.engine = kafka, "
                "messages.engine = cassandra, presence.engine = redis and metadata.engine = postgres.");
  }
  if (distributed && config.kafka.brokers.empty()) {
    return fail(ErrorCode::kValidationFailed,
                "log.engine = kafka needs kafka.brokers, such as kafka1:9092,kafka2:9092.");
  }
  if (distributed && config.cassandra.hosts.empty()) {
    return fail(ErrorCode::kValidationFailed,
                "messages.engine = cassandra needs cassandra.hosts, such as node1:9042,node2:9042.");
  }
  if (config.metadata.engine == MetadataEngine::kPostgres && config.postgres.connection.empty()) {
    return fail(ErrorCode::kValidationFailed, "metadata.engine = postgres needs postgres.connection.");
  }
  return {};
}

std::vector<EnvironmentVariable> process_environment() {
  std::vector<EnvironmentVariable> variables;
  for (char** entry = environ; entry && *entry; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    variables.push_back({std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))});
  }
  return variables;
}

}  // namespace c4a
