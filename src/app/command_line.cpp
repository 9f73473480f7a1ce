#include "app/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <utility>

#include "message_log/kafka/kafka_options.h"

namespace c4a {
namespace {

constexpr int kWrongUsage = 2;

// The parser with the commands that it fills. `chosen` is what the last subcommand stands for.
class Parser {
 public:
  Parser() {
    app_.require_subcommand(1);
    app_.fallthrough();  // so that --config and --data may stand on either side of the command
    app_.add_option("--config", line_.config, "Configuration file (default: chat4all.toml if it is there)")
        ->type_name("FILE");
    app_.add_option("--data", line_.data, "Directory of the data (default: ./data)")->type_name("DIR");
    add_serve();
    add_config();
    add_data_commands();
    add_simple(app_, "sandbox", "Stand-ins for the providers, on this machine", Sandbox{});
    // Described for the help; its arguments never come here.
    add_simple(app_, "bench", "Load generator (`chat4all bench --help`)", Bench{});
    add_simple(app_, "version", "Print the version", ShowVersion{});
  }

  CommandLine parse(std::vector<std::string> args) {
    if (args.empty()) return help("", kWrongUsage);
    if (args.front() == "--version") return {{}, {}, ShowVersion{}};
    std::ranges::reverse(args);  // as CLI11 wants them
    try {
      app_.parse(std::move(args));
    } catch (const CLI::CallForHelp&) {
      return help("", 0);
    } catch (const CLI::ParseError& error) {
      return help(error.what() + std::string("\n\n"), kWrongUsage);
    }
    line_.command = chosen_();
    return line_;
  }

 private:
  CLI::App& add(CLI::App& parent, const std::string& name, const std::string& what,
                std::function<Subcommand()> chosen) {
    CLI::App& command = *parent.add_subcommand(name, what);
    command.fallthrough();
    command.footer("Every command takes --config FILE and --data DIR too.");
    command.callback([this, chosen = std::move(chosen)] { chosen_ = chosen; });
    return command;
  }

  void add_simple(CLI::App& parent, const std::string& name, const std::string& what, Subcommand command) {
    add(parent, name, what, [command = std::move(command)] { return command; });
  }

  // A command that only holds others.
  CLI::App& add_group(const std::string& name, const std::string& what) {
    CLI::App& group = *app_.add_subcommand(name, what);
    group.require_subcommand(1);
    group.fallthrough();
    return group;
  }

  void add_serve() {
    CLI::App& command = add(app_, "serve", "Run the server", [this] { return serve_; });
    command.add_option("--listen", serve_.listen, "Where to listen (default: 127.0.0.1:8080)")->type_name("ADDR:PORT");
    command.add_option("--roles", serve_.roles, "What this process does (default: all)")->type_name("LIST");
    command.add_flag("--demo", serve_.demo, "Start with example users and conversations");
  }

  void add_config() {
    CLI::App& group = add_group("config", "Look at the configuration");
    add_simple(group, "check", "Say whether the configuration is good", ConfigCheck{});
    add_simple(group, "print", "Print the configuration in effect, and where each value came from", ConfigPrint{});
    add_simple(group, "reference", "Print the reference page of all options", ConfigReference{});
  }

  void add_data_commands() {
    CLI::App& migrate =
        add(app_, "migrate", "Bring stored data to this version's formats", [this] { return migrate_; });
    migrate
        .add_option("--from-data", migrate_.from_data,
                    "Move what an embedded installation keeps there into the configured servers")
        ->type_name("DIR");
    migrate
        .add_option("--partitions", migrate_.partitions, "Give the commands so many partitions, while everything runs")
        ->type_name("N")
        ->check(CLI::Range(1, kMostPartitions))
        ->excludes("--from-data");

    CLI::App& key = add(add_group("key", "API keys of back ends"), "create", "Make a key and print it",
                        [this] { return key_create_; });
    key.add_option("--name", key_create_.name, "What the key is for")->type_name("NAME")->required();
    key.add_option("--scopes", key_create_.scopes, "What it may do, as in messages,users")
        ->type_name("LIST")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->required();

    CLI::App& user = add(add_group("user", "Users"), "add", "Create a user", [this] { return user_add_; });
    user.add_option("user_id", user_add_.user_id, "1 to 64 of A-Z a-z 0-9 . _ ~ -")->type_name("USER_ID")->required();
    user.add_option("--display-name", user_add_.display_name, "The name that others see")->type_name("NAME");
    user.add_flag("--password-stdin", user_add_.password_stdin, "Read a password from standard input");

    CLI::App& token = add(add_group("token", "Access tokens"), "issue", "Print an access token for a user",
                          [this] { return token_issue_; });
    token.add_option("user_id", token_issue_.user_id, "Whose token")->type_name("USER_ID")->required();
  }

  // The help of the innermost command that was named.
  CommandLine help(std::string reason, int exit_code) const {
    std::string text = std::move(reason) + app_.help();
    while (text.ends_with('\n')) text.pop_back();
    return {line_.config, line_.data, Help{text + '\n', exit_code}};
  }

  CLI::App app_{"Chat4All, a messaging platform.", "chat4all"};
  CommandLine line_;
  Serve serve_;
  Migrate migrate_;
  KeyCreate key_create_;
  UserAdd user_add_;
  TokenIssue token_issue_;
  std::function<Subcommand()> chosen_;
};

}  // namespace

CommandLine parse_command_line(std::vector<std::string> args) {
  if (!args.empty() && args.front() == "bench") return {{}, {}, Bench{{args.begin() + 1, args.end()}}};
  return Parser().parse(std::move(args));
}

ConfigInput config_input(const CommandLine& line) {
  ConfigInput input;
  input.file = line.config;
  input.environment = process_environment();
  const auto add = [&](const std::optional<std::string>& value, std::string key, std::string flag) {
    if (value) input.flags.push_back({std::move(key), std::move(flag), *value});
  };
  add(line.data, "server.data", "--data");
  if (const auto* serve = std::get_if<Serve>(&line.command)) {
    add(serve->listen, "server.listen", "--listen");
    add(serve->roles, "server.roles", "--roles");
  }
  return input;
}

}  // namespace c4a
