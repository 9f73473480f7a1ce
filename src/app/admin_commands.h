#pragma once

// The commands that change an installation from the command line. They work beside a running server: SQLite's file
// locks order the writes, and a server notices within a second. Each answers the exit code.

#include <optional>
#include <string>
#include <vector>

#include "app/config.h"

namespace c4a {

// `from_data`: move the embedded installation of that directory here. `partitions`: another number for the commands.
int migrate(const Config& config, const std::optional<std::string>& from_data, std::optional<int> partitions);
int create_key(const Config& config, const std::string& name, const std::vector<std::string>& scopes);
int add_user(const Config& config, const std::string& user_id, const std::optional<std::string>& display_name,
             bool password_from_stdin);
int issue_token(const Config& config, const std::string& user_id);

}  // namespace c4a
