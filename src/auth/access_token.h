#pragma once

// Our own access tokens: JWTs of the profile RFC 9068, signed with Ed25519.

#include <optional>
#include <string>
#include <string_view>

#include "auth/jwt.h"
#include "auth/own_signatures.h"
#include "auth/scope_set.h"
#include "auth/signing_keys.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/uuid.h"

namespace c4a {

struct AccessTokenOptions {
  std::string issuer = "chat4all";
  std::string audience = "chat4all";
  std::int64_t lifetime_s = 3600;  // auth.access_token_seconds
  std::int64_t skew_s = 60;
};

// Whom a token speaks for. A key's token carries its client_id as subject, too, and the scopes it was given.
struct AccessTokenClaims {
  std::string subject;  // a user_id, or the client_id of a key
  std::string client_id;
  ScopeSet scopes;
  std::optional<Uuid> family_id;  // of the refresh token that came with it
};

struct VerifiedAccessToken {
  AccessTokenClaims claims;
  std::string jti;
  TimestampMs issued_at = 0;  // in milliseconds, from the UUIDv7 that `jti` is: `iat` has only seconds
  TimestampMs expires_at = 0;
};

struct IssuedAccessToken {
  std::string token;
  std::string jti;
  TimestampMs expires_at = 0;
};

// Any thread may call any method.
class AccessTokens {
 public:
  AccessTokens(SigningKeys& keys, AccessTokenOptions options, const Clock& clock)
      : keys_(keys), options_(std::move(options)), clock_(clock) {}

  // `issued_at` is now, or a little later where a revocation stands at this very millisecond.
  IssuedAccessToken issue(const AccessTokenClaims& claims, TimestampMs issued_at) const;

  // Signature, type, issuer, audience and times; not revocations. May read the store for an unknown `kid`.
  // Fails with: kInvalidToken, kUnavailable.
  Result<VerifiedAccessToken> verify(const Jwt& jwt) const;

  const AccessTokenOptions& options() const { return options_; }
  // When every token issued until `now` will be refused for its age.
  TimestampMs all_expired_at(TimestampMs now) const { return now + (options_.lifetime_s + options_.skew_s) * 1000; }

 private:
  SigningKeys& keys_;
  AccessTokenOptions options_;
  const Clock& clock_;
  mutable OwnSignatures own_signatures_;
};

}  // namespace c4a
