#pragma once

// Hex, base64 and UTF-8 counting, without surprises: strict when reading.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace c4a {

std::string to_hex(std::string_view bytes);
std::string to_base64(std::string_view bytes);                     // RFC 4648 §4, padded
std::string to_base64url(std::string_view bytes);                  // RFC 4648 §5, unpadded
std::optional<std::string> from_base64url(std::string_view text);  // unpadded, canonical only
std::optional<std::string> from_base64(std::string_view text);     // padded, canonical only

// Code points of valid UTF-8.
std::size_t count_code_points(std::string_view utf8);

// application/x-www-form-urlencoded and URI path text; nothing for a broken % sequence.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

}  // namespace c4a
