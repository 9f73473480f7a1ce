#pragma once

// The table of options: the one place that knows their names, bounds and help. Reading, printing and the reference page
// walk over it; the defaults are those of a fresh Config.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/config.h"

namespace c4a {

// What a file must hold for an option, in the order of OptionKind.
using OptionValue = std::variant<bool, std::int64_t, std::string, std::vector<std::string>>;
enum class OptionKind : std::uint8_t { kBoolean, kInteger, kText, kList };

// Why a value is refused, as the end of "<key> …": "must be between 0 and 10, not 11". Nothing where it is fine.
using Complaint = std::optional<std::string>;

struct Option {
  std::string_view key;  // "server.tls.key"
  OptionKind kind;
  std::string allowed;  // for people: "0 to 256", "embedded or kafka"
  std::string_view help;
  std::function<Complaint(Config&, const OptionValue&)> assign;  // leaves the config alone where it complains
  std::function<OptionValue(const Config&)> read;
  bool secret = false;  // never printed

  std::string_view section() const { return key.substr(0, key.rfind('.')); }
  std::string_view name() const { return key.substr(key.rfind('.') + 1); }
  // CHAT4ALL_SERVER__TLS__KEY
  std::string environment_name() const;
};

// Grouped by section.
const std::vector<Option>& options();

const Option* find_option(std::string_view key);
// The option that a mistyped key most likely means, or null where nothing is near.
const Option* nearest_option(std::string_view key);

// The text of an environment variable or a flag as the option's kind: lists are separated by commas. Nothing where it
// is none, see kind_name for what to say.
std::optional<OptionValue> option_value(OptionKind kind, std::string_view text);
// "true or false", "a whole number", "a text", "a list of texts"
std::string_view kind_name(OptionKind kind);

}  // namespace c4a
