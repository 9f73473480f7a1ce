#include "app/config_print.h"

#include <fmt/format.h>

#include <iterator>
#include <string_view>

#include "app/config_options.h"
#include "app/config_values.h"
#include "base/json_writer.h"

namespace c4a {
namespace {

// A JSON string without control characters, which no option holds, is a TOML basic string too.
std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, without_password(text));
  return out;
}

std::string toml_value(const OptionValue& value) {
  if (const auto* yes = std::get_if<bool>(&value)) return *yes ? "true" : "false";
  if (const auto* number = std::get_if<std::int64_t>(&value)) return fmt::to_string(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return quoted(*text);
  std::string out;
  for (const std::string& item : std::get<std::vector<std::string>>(value)) {
    out += (out.empty() ? "" : ", ") + quoted(item);
  }
  return "[" + out + "]";
}

std::string shown(const Option& option, const Config& config) {
  const OptionValue value = option.read(config);
  if (option.secret && !std::get<std::string>(value).empty()) return "\"***\"";
  return toml_value(value);
}

void append(std::string& out, fmt::string_view format, const auto&... args) {
  fmt::vformat_to(std::back_inserter(out), format, fmt::make_format_args(args...));
}

constexpr std::string_view kReferenceHead =
    R"(# Configuration

<!-- Written by `chat4all config reference > docs/reference/configuration.md`; a test compares them. -->

Options come from a TOML file (`--config FILE`, or `chat4all.toml` in the working directory if it is there), from the
environment and from the command line. A flag wins over the environment, the environment over the file, the file over the
default. Lists are separated by commas in the environment. An unknown option or a bad value stops the program with a
sentence that names the place; `chat4all config check` says so without starting anything, and `chat4all config print` shows
what is in effect and where it came from. Sizes are in bytes.

`--listen` stands for `server.listen`, `--data` for `server.data`, `--roles` for `server.roles`. `CHAT4ALL_ADMIN_KEY` is no
option: it is the admin key to use instead of a generated one.
)";

}  // namespace

std::string print_config(const LoadedConfig& loaded) {
  std::string out = "# The configuration in effect.\n";
  std::string_view section;
  for (const Option& option : options()) {
    if (option.section() != section) append(out, "\n[{}]\n", option.section());
    section = option.section();
    const auto origin = loaded.origins.find(option.key);
    append(out, "# {} ({})\n", option.help, option.allowed);
    append(out, "{} = {}  # {}\n", option.name(), shown(option, loaded.config),
           origin == loaded.origins.end() ? "default" : "from " + origin->second);
  }
  return out;
}

std::string configuration_reference() {
  const Config defaults;
  std::string out(kReferenceHead);
  std::string_view section;
  for (const Option& option : options()) {
    if (option.section() != section) {
      append(out,
             "\n## `[{}]`\n\n| option | default | allowed | what it does | environment |\n| --- | --- | --- | --- | "
             "--- |\n",
             option.section());
    }
    section = option.section();
    append(out, "| `{}` | `{}` | {} | {} | `{}` |\n", option.name(), toml_value(option.read(defaults)), option.allowed,
           option.help, option.environment_name());
  }
  return out;
}

}  // namespace c4a
