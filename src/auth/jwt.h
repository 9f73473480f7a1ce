#pragma once

// Takes a JSON Web Token apart (RFC 7519, compact form) without believing it: whoever calls checks the signature with a
// key of their own choice, then the claims. Strict where leniency has been attacked elsewhere: see RFC 8725.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace c4a {

inline constexpr std::size_t kMaxJwtBytes = 8 * 1024;
inline constexpr std::size_t kMaxKidBytes = 256;

// Times in milliseconds since 1970; a claim that is absent is empty.
struct JwtClaims {
  std::string issuer;
  std::string subject;
  std::vector<std::string> audience;
  std::string jti;
  std::string session_id;  // `sid`
  std::string client_id;
  std::string scope;
  std::optional<TimestampMs> issued_at;
  std::optional<TimestampMs> expires_at;
  std::optional<TimestampMs> not_before;
};

struct Jwt {
  std::string alg;
  std::optional<std::string> typ;
  std::optional<std::string> kid;
  JwtClaims claims;
  std::string signed_text;  // header and claims, as they came
  std::string signature;
};

// Fails with: kInvalidToken for anything but three parts of canonical base64url, JSON objects without duplicate keys,
// claims of the right types, at most kMaxJwtBytes and no `crit` header.
Result<Jwt> parse_jwt(std::string_view text);

// Whether a bearer token is meant as a JWT; keys and refresh tokens are not.
bool looks_like_jwt(std::string_view token);

// `exp` must be there; exp, nbf and iat are believed within `skew_ms`. Fails with: kInvalidToken.
Result<> check_times(const JwtClaims& claims, TimestampMs now, std::int64_t skew_ms);

std::unexpected<Error> invalid_token(std::string detail);

}  // namespace c4a
