#include "auth/scope_set.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>

namespace c4a {
namespace {

// In the order of the enum.
constexpr std::array<std::string_view, 8> kNames = {"admin",     "messages", "users",    "webhooks",
                                                    "connector", "files",    "channels", "presence"};

std::optional<Scope> scope_named(std::string_view name) {
  const auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Scope>(found - kNames.begin());
}

}  // namespace

std::string_view scope_name(Scope scope) { return kNames[static_cast<std::size_t>(scope)]; }

Result<ScopeSet> ScopeSet::parse(std::span<const std::string> names) {
  if (names.empty()) {
    return fail_field("/scopes", fmt::format("must name at least one of: {}", fmt::join(kNames, ", ")));
  }
  ScopeSet scopes;
  for (const auto& name : names) {
    const auto scope = scope_named(name);
    if (!scope) {
      return fail_field("/scopes", fmt::format("\"{}\" is no scope; the scopes are: {}", name.substr(0, 64),
                                               fmt::join(kNames, ", ")));
    }
    scopes.bits_ |= bit(*scope);
  }
  return scopes;
}

Result<ScopeSet> ScopeSet::parse_text(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" ,"), text.size());
    if (end > 0) names.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parse(names);
}

ScopeSet ScopeSet::from_stored(std::span<const std::string> names) {
  ScopeSet scopes;
  for (const auto& name : names) {
    if (const auto scope = scope_named(name)) scopes.bits_ |= bit(*scope);
  }
  return scopes;
}

ScopeSet ScopeSet::intersect(ScopeSet other) const {
  if (has(Scope::kAdmin)) return other;
  if (other.has(Scope::kAdmin)) return *this;
  return ScopeSet(bits_ & other.bits_);
}

std::vector<std::string> ScopeSet::names() const {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if ((bits_ & bit(static_cast<Scope>(i))) != 0) names.emplace_back(kNames[i]);
  }
  return names;
}

std::string ScopeSet::text() const { return fmt::format("{}", fmt::join(names(), " ")); }

}  // namespace c4a
