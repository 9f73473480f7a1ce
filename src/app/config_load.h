#pragma once

// Puts the configuration together: flag over environment over file over default.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/config.h"
#include "base/result.h"

namespace c4a {

struct EnvironmentVariable {
  std::string name;
  std::string value;
};

// A command line flag that stands for an option: {"server.listen", "--listen", "[::1]:9000"}.
struct OptionFlag {
  std::string key;
  std::string flag;
  std::string value;
};

struct ConfigInput {
  std::optional<std::string> file;             // must exist
  std::string default_file = "chat4all.toml";  // read where `file` is not given and this exists
  std::vector<EnvironmentVariable> environment;
  std::vector<OptionFlag> flags;
};

struct LoadedConfig {
  Config config;
  // Where each option came from that is not at its default: "chat4all.toml:12", "CHAT4ALL_LOG__LEVEL", "--listen".
  std::map<std::string, std::string, std::less<>> origins;
};

// Every source is checked, also where a higher one wins. CHAT4ALL_ variables that are no option (CHAT4ALL_ADMIN_KEY)
// are left alone, unless they hold "__" or are an option's name but for it. Fails with: kValidationFailed; the sentence
// begins with the place and says what to do.
Result<LoadedConfig> load_config(const ConfigInput& input);

// The names valid in a configuration are more than the engines of this build.
// Fails with: kNotImplemented, and a sentence that names the option and what to write instead.
Result<> check_engines(const Config& config);

// The variables of this process.
std::vector<EnvironmentVariable> process_environment();

}  // namespace c4a
