#pragma once

// SHA-256 and random bytes.

#include <string>
#include <string_view>

namespace c4a {

// 32 raw bytes.
std::string sha256(std::string_view bytes);

// From the system's generator.
std::string random_bytes(std::size_t size);

// Takes the same time wherever two texts of one length differ.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace c4a
