#pragma once

// The command line as a value. Parsing only: nothing here reads files, prints or exits.

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "app/config_load.h"

namespace c4a {

struct Serve {
  std::optional<std::string> listen;
  std::optional<std::string> roles;  // comma-separated
  bool demo = false;
  bool operator==(const Serve&) const = default;
};

struct ConfigCheck {
  bool operator==(const ConfigCheck&) const = default;
};

struct ConfigPrint {
  bool operator==(const ConfigPrint&) const = default;
};

struct ConfigReference {
  bool operator==(const ConfigReference&) const = default;
};

struct Migrate {
  std::optional<std::string> from_data;  // the data directory of an embedded installation, to be moved
  std::optional<int> partitions;         // another number for the commands' topic
  bool operator==(const Migrate&) const = default;
};

struct KeyCreate {
  std::string name;
  std::vector<std::string> scopes;
  bool operator==(const KeyCreate&) const = default;
};

struct UserAdd {
  std::string user_id;
  std::optional<std::string> display_name;
  bool password_stdin = false;
  bool operator==(const UserAdd&) const = default;
};

struct TokenIssue {
  std::string user_id;
  bool operator==(const TokenIssue&) const = default;
};

struct Sandbox {
  bool operator==(const Sandbox&) const = default;
};

// What follows `bench`, untouched: the load generator has flags of its own.
struct Bench {
  std::vector<std::string> args;
  bool operator==(const Bench&) const = default;
};

struct ShowVersion {
  bool operator==(const ShowVersion&) const = default;
};

// Print `text` and exit: asked for with --help (0, stdout), or instead of what could not be understood (2, stderr).
struct Help {
  std::string text;
  int exit_code = 0;
  bool operator==(const Help&) const = default;
};

using Subcommand = std::variant<Serve, ConfigCheck, ConfigPrint, ConfigReference, Migrate, KeyCreate, UserAdd,
                                TokenIssue, Sandbox, Bench, ShowVersion, Help>;

struct CommandLine {
  std::optional<std::string> config;  // --config FILE
  std::optional<std::string> data;    // --data DIR
  Subcommand command;
};

// `args` without the program's name. Always answers: wrong usage is a Help with exit code 2 whose text begins with the
// reason.
CommandLine parse_command_line(std::vector<std::string> args);

// What load_config needs, with the process's environment.
ConfigInput config_input(const CommandLine& line);

}  // namespace c4a
