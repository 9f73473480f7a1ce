#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace c4a {

// SHA-256 over the parts and their lengths: a primary key of 32 bytes for what may be longer than an index entry.
std::string postgres_digest(std::initializer_list<std::string_view> parts);

}  // namespace c4a
