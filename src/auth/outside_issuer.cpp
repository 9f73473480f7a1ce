#include "auth/outside_issuer.h"

#include <algorithm>

namespace c4a {
namespace {

// Absent, or one of the two types that bearer tokens have; an ID token of another type must not open the door.
bool fitting_type(const std::optional<std::string>& typ) {
  if (!typ) return true;
  std::string lower = *typ;
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower == "jwt" || lower == "at+jwt" || lower == "application/at+jwt";
}

}  // namespace

Result<std::optional<OutsideToken>> OutsideIssuer::verify(const Jwt& jwt) const {
  if (!fitting_type(jwt.typ)) return invalid_token("The token is not an access token.");
  const auto known = keys();
  const VerificationKey* key = known ? known->find(jwt.kid, jwt.alg) : nullptr;
  if (key == nullptr) return std::nullopt;
  if (!key->verify(jwt.alg, jwt.signed_text, jwt.signature)) return invalid_token("The token's signature is wrong.");

  const JwtClaims& claims = jwt.claims;
  if (claims.issuer != options_.issuer ||
      std::ranges::find(claims.audience, options_.audience) == claims.audience.end()) {
    return invalid_token("The token is meant for another service.");
  }
  C4A_CHECK(check_times(claims, clock_.now_ms(), options_.skew_s * 1000));
  auto user_id = UserId::parse(claims.subject);
  if (!user_id) return invalid_token("The token's subject cannot be a user_id: it " + std::string(kUserIdRule) + ".");
  return OutsideToken{*std::move(user_id), claims.jti, claims.issued_at.value_or(0), *claims.expires_at};
}

std::shared_ptr<const JwkSet> OutsideIssuer::keys() const {
  const std::scoped_lock guard(mutex_);
  return keys_;
}

bool OutsideIssuer::tried_lately() const {
  const std::scoped_lock guard(mutex_);
  return tried_us_ && clock_.monotonic_us() - *tried_us_ < options_.fetch_interval_s * 1'000'000;
}

Result<> OutsideIssuer::outcome() const {
  const std::scoped_lock guard(mutex_);
  if (keys_) return {};
  return fail(ErrorCode::kUnavailable, "The keys of the outside issuer are not known. " + last_failure_);
}

Result<> OutsideIssuer::refresh() {
  const std::scoped_lock one_at_a_time(fetching_);
  if (tried_lately()) return outcome();
  return fetch_now();
}

void OutsideIssuer::refresh_if_stale() {
  {
    const std::scoped_lock guard(mutex_);
    if (!keys_ || clock_.monotonic_us() - fetched_us_ < options_.keys_fresh_s * 1'000'000) return;
  }
  const std::unique_lock one_at_a_time(fetching_, std::try_to_lock);
  if (one_at_a_time && !tried_lately()) (void)fetch_now();
}

Result<> OutsideIssuer::fetch_now() {
  const auto document = fetch_(options_.jwks_url);
  auto set = document ? JwkSet::parse(*document) : Result<JwkSet>(std::unexpected(document.error()));
  {
    const std::scoped_lock guard(mutex_);
    tried_us_ = clock_.monotonic_us();
    if (set) {
      keys_ = std::make_shared<const JwkSet>(*std::move(set));
      fetched_us_ = *tried_us_;
    } else {
      last_failure_ = std::move(set.error().detail);
    }
  }
  return outcome();
}

}  // namespace c4a
