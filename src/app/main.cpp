// The program: reads the command line and the configuration, then does what was asked.

#include <fmt/format.h>

#include <cstdio>

#include "app/admin_commands.h"
#include "app/command_line.h"
#include "app/config_load.h"
#include "app/config_print.h"
#include "app/serve.h"
#include "bench/bench.h"
#include "telemetry/log.h"

namespace c4a {
namespace {

// What each subcommand does. The configuration is loaded for those that need it.
struct Run {
  const CommandLine& line;

  template <class Action>
  int with_config(Action action) const {
    const auto loaded = load_config(config_input(line));
    if (!loaded) {
      fmt::print(stderr, "chat4all: {}\n", loaded.error().detail);
      return 1;
    }
    LogSettings log;
    log.level = loaded->config.log.level;
    log.format = loaded->config.log.format;
    configure_log(log);
    return action(*loaded);
  }

  int operator()(const Serve& asked) const {
    return with_config([&](const LoadedConfig& loaded) { return serve(loaded.config, asked.demo); });
  }
  int operator()(const ConfigCheck&) const {
    return with_config([](const LoadedConfig&) {
      fmt::print("The configuration is good.\n");
      return 0;
    });
  }
  int operator()(const ConfigPrint&) const {
    return with_config([](const LoadedConfig& loaded) {
      fmt::print("{}", print_config(loaded));
      return 0;
    });
  }
  int operator()(const ConfigReference&) const {
    fmt::print("{}", configuration_reference());
    return 0;
  }
  int operator()(const Migrate& asked) const {
    return with_config(
        [&](const LoadedConfig& loaded) { return migrate(loaded.config, asked.from_data, asked.partitions); });
  }
  int operator()(const KeyCreate& key) const {
    return with_config([&](const LoadedConfig& loaded) { return create_key(loaded.config, key.name, key.scopes); });
  }
  int operator()(const UserAdd& user) const {
    return with_config([&](const LoadedConfig& loaded) {
      return add_user(loaded.config, user.user_id, user.display_name, user.password_stdin);
    });
  }
  int operator()(const TokenIssue& token) const {
    return with_config([&](const LoadedConfig& loaded) { return issue_token(loaded.config, token.user_id); });
  }
  int operator()(const Sandbox&) const {
    fmt::print(stderr, "chat4all: this version has no sandbox yet, as it has no channels.\n");
    return 1;
  }
  int operator()(const Bench& bench) const {
    const std::vector<std::string_view> args(bench.args.begin(), bench.args.end());
    return bench::run_bench(args);
  }
  int operator()(const ShowVersion&) const {
    fmt::print("chat4all {}\n", C4A_VERSION);
    return 0;
  }
  int operator()(const Help& help) const {
    fmt::print(help.exit_code == 0 ? stdout : stderr, "{}", help.text);
    return help.exit_code;
  }
};

}  // namespace
}  // namespace c4a

int main(int argc, char** argv) {
  const c4a::CommandLine line = c4a::parse_command_line({argv + 1, argv + argc});
  return std::visit(c4a::Run{line}, line.command);
}
