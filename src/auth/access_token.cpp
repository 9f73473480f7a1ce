#include "auth/access_token.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/json_writer.h"

namespace c4a {
namespace {

// The first 48 bits of a UUIDv7.
TimestampMs time_of(const Uuid& id) {
  TimestampMs at = 0;
  for (std::size_t i = 0; i < 6; ++i) at = at << 8 | id.bytes[i];
  return at;
}

std::string header_json(const std::string& kid) {
  std::string json;
  JsonWriter(json).begin_object().member("alg", "EdDSA").member("typ", "at+jwt").member("kid", kid).end_object();
  return json;
}

}  // namespace

IssuedAccessToken AccessTokens::issue(const AccessTokenClaims& claims, TimestampMs issued_at) const {
  const auto key = keys_.newest();
  const std::int64_t issued_at_s = issued_at / 1000;
  const std::int64_t expires_at_s = issued_at_s + options_.lifetime_s;
  std::string jti = Uuid::v7(issued_at).str();

  std::string json;
  JsonWriter writer(json);
  writer.begin_object()
      .member("sub", claims.subject)
      .member("iss", options_.issuer)
      .member("aud", options_.audience)
      .member("iat", issued_at_s)
      .member("exp", expires_at_s)
      .member("jti", jti);
  if (!claims.client_id.empty()) writer.member("client_id", claims.client_id).member("scope", claims.scopes.text());
  if (claims.family_id) writer.member("sid", *claims.family_id);
  writer.end_object();

  std::string token = to_base64url(header_json(key->kid())) + "." + to_base64url(json);
  const std::string signature = key->sign(token);
  own_signatures_.add(token, signature);
  token += "." + to_base64url(signature);
  return {std::move(token), std::move(jti), expires_at_s * 1000};
}

Result<VerifiedAccessToken> AccessTokens::verify(const Jwt& jwt) const {
  if (jwt.typ != "at+jwt") return invalid_token("The token is not an access token.");
  if (!jwt.kid) return invalid_token("The token does not name its key.");
  auto key = keys_.find(*jwt.kid);
  if (!key) {
    C4A_CHECK(keys_.reload());
    key = keys_.find(*jwt.kid);
  }
  if (!key) return invalid_token("The token is signed with an unknown key.");
  if (jwt.alg != "EdDSA" || (!own_signatures_.contains(jwt.signed_text, jwt.signature) &&
                             !key->verification_key().verify(jwt.alg, jwt.signed_text, jwt.signature))) {
    return invalid_token("The token's signature is wrong.");
  }

  const JwtClaims& claims = jwt.claims;
  if (claims.issuer != options_.issuer || claims.audience != std::vector{options_.audience}) {
    return invalid_token("The token is meant for another service.");
  }
  C4A_CHECK(check_times(claims, clock_.now_ms(), options_.skew_s * 1000));
  const auto jti = Uuid::parse(claims.jti);
  if (!claims.issued_at || !jti || claims.subject.empty()) return invalid_token("The token lacks a claim.");

  VerifiedAccessToken verified;
  verified.claims.subject = claims.subject;
  verified.claims.client_id = claims.client_id;
  if (!claims.client_id.empty()) {
    const auto scopes = ScopeSet::parse_text(claims.scope);
    if (!scopes) return invalid_token("The token's scopes are not known here.");
    verified.claims.scopes = *scopes;
  }
  if (!claims.session_id.empty()) verified.claims.family_id = Uuid::parse(claims.session_id);
  verified.jti = claims.jti;
  verified.issued_at = time_of(*jti);
  verified.expires_at = *claims.expires_at;
  return verified;
}

}  // namespace c4a
