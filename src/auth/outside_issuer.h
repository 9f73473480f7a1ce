#pragma once

// Tokens of an issuer that this deployment trusts besides itself (auth.jwks_url, auth.issuer, auth.audience).

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "auth/jwks.h"
#include "auth/jwks_fetch.h"
#include "auth/jwt.h"
#include "base/clock.h"
#include "base/result.h"
#include "domain/ids.h"

namespace c4a {

struct OutsideIssuerOptions {
  std::string jwks_url;
  std::string issuer;
  std::string audience;
  std::int64_t skew_s = 60;
  std::int64_t keys_fresh_s = 600;     // older keys are fetched again when the next token comes
  std::int64_t fetch_interval_s = 30;  // at most one fetch in this time, whatever the tokens say
};

struct OutsideToken {
  UserId user_id;
  std::string jti;
  TimestampMs issued_at = 0;  // 0 where the issuer does not say
  TimestampMs expires_at = 0;
};

// Any thread may call any method. The last good keys stay in use while the issuer cannot be reached.
class OutsideIssuer {
 public:
  OutsideIssuer(OutsideIssuerOptions options, JwksFetch fetch, const Clock& clock)
      : options_(std::move(options)), fetch_(std::move(fetch)), clock_(clock) {}

  const std::string& issuer() const { return options_.issuer; }

  // Never blocks. Empty where the token's key is unknown: refresh() and ask again.
  // Fails with: kInvalidToken.
  Result<std::optional<OutsideToken>> verify(const Jwt& jwt) const;

  // Fetches the keys, unless that was tried within the interval. Blocks up to 5 s; callers at the same time share a
  // fetch. Fails with: kUnavailable where no keys are known at all.
  Result<> refresh();
  // Fetches keys that have grown old, on one of the callers; the others go on with the old ones.
  void refresh_if_stale();

 private:
  std::shared_ptr<const JwkSet> keys() const;
  bool tried_lately() const;
  Result<> fetch_now();
  Result<> outcome() const;

  OutsideIssuerOptions options_;
  JwksFetch fetch_;
  const Clock& clock_;

  std::mutex fetching_;
  mutable std::mutex mutex_;  // guards all below
  std::shared_ptr<const JwkSet> keys_;
  std::optional<std::int64_t> tried_us_;
  std::int64_t fetched_us_ = 0;
  std::string last_failure_;
};

}  // namespace c4a
