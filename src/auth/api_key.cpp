#include "auth/api_key.h"

#include "auth/digest.h"
#include "base/encoding.h"

namespace c4a {
namespace {

constexpr std::size_t kSecretBytes = 32;

std::string make_secret(std::string_view prefix) {
  return std::string(prefix) + to_base64url(random_bytes(kSecretBytes));
}

}  // namespace

std::string make_api_key() { return make_secret(kApiKeyPrefix); }
std::string make_refresh_token() { return make_secret(kRefreshTokenPrefix); }

std::string secret_hash(std::string_view secret) { return sha256(secret); }

NewApiKey new_api_key(std::string name, ScopeSet scopes, TimestampMs now, std::string key) {
  if (key.empty()) key = make_api_key();
  ApiKeyRecord record;
  record.key_id = Uuid::v7(now);
  record.client_id = "client_" + to_hex(random_bytes(8));
  record.name = std::move(name);
  record.scopes = scopes.names();
  record.key_hash = secret_hash(key);
  record.created_at = now;
  return {std::move(record), std::move(key)};
}

}  // namespace c4a
