#pragma once

// API keys of back ends, and the other secrets that are looked up by their hash.

#include <string>
#include <string_view>

#include "auth/scope_set.h"
#include "base/clock.h"
#include "metadata_store/metadata_records.h"

namespace c4a {

inline constexpr std::string_view kApiKeyPrefix = "c4a_";
inline constexpr std::string_view kRefreshTokenPrefix = "c4r_";

// "c4a_" and 32 random bytes in base64url: 47 characters.
std::string make_api_key();
std::string make_refresh_token();

// What is stored and looked up. The secrets carry 256 random bits, so a plain SHA-256 is enough.
std::string secret_hash(std::string_view secret);

struct NewApiKey {
  ApiKeyRecord record;
  std::string key;  // shown once
};

// A key that is not yet stored. `key` is empty for a new random one.
NewApiKey new_api_key(std::string name, ScopeSet scopes, TimestampMs now, std::string key = {});

}  // namespace c4a
