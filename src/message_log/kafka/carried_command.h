#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace c4a {

// What of a command that a closed generation refused goes on to the next one; nothing where it must not. "Not written"
// may be wrong: a leader that has just lost its leadership says so of what the next leader has, and what it has may
// already have been followed by others' commands. So only what is repeatable goes on, and a send such that it is looked
// for in the store, whoever made its id.
std::optional<std::string> carried_command(std::string_view bytes);

}  // namespace c4a
