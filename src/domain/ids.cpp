#include "domain/ids.h"

#include <algorithm>

namespace c4a {

std::optional<UserId> UserId::parse(std::string_view text) {
  if (text.empty() || text.size() > 64 || text == "." || text == "..") return std::nullopt;
  const bool valid = std::ranges::all_of(text, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '~' || c == '-';
  });
  if (!valid) return std::nullopt;
  return UserId{std::string(text)};
}

std::optional<DeviceId> DeviceId::parse(std::string_view text) {
  if (text.size() > 128) return std::nullopt;
  if (!std::ranges::all_of(text, [](char c) { return c >= 0x20 && c <= 0x7E; })) return std::nullopt;
  return DeviceId{std::string(text)};
}

}  // namespace c4a
