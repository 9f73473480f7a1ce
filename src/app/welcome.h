#pragma once

#include <optional>
#include <string>

namespace c4a {

// What `serve` prints on stdout once it listens: where it is, and on the first start the admin key (only then) with
// commands to paste.
void print_welcome(const std::string& url, const std::string& data, const std::optional<std::string>& admin_key);

}  // namespace c4a
