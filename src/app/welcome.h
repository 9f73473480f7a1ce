#pragma once

#include <optional>
#include <string>

#include "base/result.h"

namespace c4a {

// What `serve` prints on stdout once it listens: where it is, and on the first start the admin key (only then) with
// commands to paste.
void print_welcome(const std::string& url, const std::string& data, const std::optional<std::string>& admin_key);

// What `serve --demo` prints after it: who is there and how to be one of them, or on stderr why not.
void print_demo(const std::string& url, const std::string& data, const Result<>& made);

}  // namespace c4a
