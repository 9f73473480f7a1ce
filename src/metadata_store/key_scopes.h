#pragma once

// The scopes of a key as the one column that SQL stores keep: names joined by commas. A scope holds no comma.

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace c4a {

inline std::string join_scopes(const std::vector<std::string>& scopes) {
  std::string text;
  for (const auto& scope : scopes) {
    if (!text.empty()) text += ',';
    text += scope;
  }
  return text;
}

inline std::vector<std::string> split_scopes(std::string_view text) {
  std::vector<std::string> scopes;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    scopes.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return scopes;
}

}  // namespace c4a
