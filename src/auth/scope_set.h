#pragma once

// What an API key may do.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace c4a {

enum class Scope : std::uint8_t { kAdmin, kMessages, kUsers, kWebhooks, kConnector, kFiles, kChannels, kPresence };

std::string_view scope_name(Scope scope);

class ScopeSet {
 public:
  static ScopeSet all() { return ScopeSet(bit(Scope::kAdmin)); }
  static ScopeSet of(Scope scope) { return ScopeSet(bit(scope)); }
  // Fails with: kValidationFailed at /scopes for an unknown name, with the list of the known ones, and for an empty
  // list.
  static Result<ScopeSet> parse(std::span<const std::string> names);
  // Names between spaces or commas, as in OAuth and on the command line; unknown ones fail in the same way.
  static Result<ScopeSet> parse_text(std::string_view text);
  // Leaves unknown names out: for what was stored by a newer version.
  static ScopeSet from_stored(std::span<const std::string> names);

  // `admin` holds every scope.
  bool has(Scope scope) const { return ((bits_ & bit(Scope::kAdmin)) | (bits_ & bit(scope))) != 0; }
  bool empty() const { return bits_ == 0; }
  bool covers(ScopeSet other) const { return has(Scope::kAdmin) || (other.bits_ & ~bits_) == 0; }
  // What both allow.
  ScopeSet intersect(ScopeSet other) const;

  std::vector<std::string> names() const;
  std::string text() const;  // names between spaces

  ScopeSet() = default;
  bool operator==(const ScopeSet&) const = default;

 private:
  static constexpr std::uint32_t bit(Scope scope) { return 1U << static_cast<unsigned>(scope); }
  explicit ScopeSet(std::uint32_t bits) : bits_(bits) {}

  std::uint32_t bits_ = 0;
};

}  // namespace c4a
