#pragma once

// Turns the credentials of a request into an Identity.

#include <optional>
#include <string_view>

#include "auth/access_token.h"
#include "auth/identity.h"
#include "auth/known_users.h"
#include "auth/outside_issuer.h"
#include "auth/revocation_set.h"
#include "auth/token_cache.h"
#include "base/clock.h"
#include "base/result.h"
#include "metadata_store/metadata_store.h"

namespace c4a {

struct AuthenticatorOptions {
  std::size_t cached_credentials = 100'000;
  // How long a verified token or key is believed without asking the store. Revocations and deletions in this process,
  // and those that RevocationSet has loaded, end it at once.
  std::int64_t token_cached_s = 600;
  std::int64_t key_cached_s = 60;
};

// The token behind "Bearer ". Fails with: kUnauthorized for no header, kInvalidToken for another scheme or an odd
// token.
Result<std::string_view> bearer_token(std::string_view authorization);

// Any thread may call any method. What it is given must outlive it; `outside` may be null.
//
// A user of an outside issuer who is not known here is created at the first request; one who was deleted stays out.
class Authenticator {
 public:
  Authenticator(MetadataStore& store, const AccessTokens& access_tokens, const RevocationSet& revocations,
                OutsideIssuer* outside, const Clock& clock, const AuthenticatorOptions& options = {});

  // Without I/O and without a signature check: for event loops. Empty where authenticate_token() must be asked.
  // `token`: see bearer_token(). `act_as`: the header X-Act-As, empty where there is none.
  std::optional<Result<Identity>> try_authenticate_cached(std::string_view token, std::string_view act_as);

  // May read the store and fetch an outside issuer's keys: for worker threads.
  // Fails with: kInvalidToken, kActAsNotAllowed, kUnknownUser, kUnavailable.
  Result<Identity> authenticate_token(std::string_view token, std::string_view act_as);

  // Whether the credential of an identity, given out earlier, has been taken back since: for connections that live
  // longer than a request, which keep the identity's facts. Without I/O.
  bool is_revoked(const CredentialFacts& facts) const;

  // bearer_token() and then the above.
  Result<Identity> authenticate(std::string_view authorization, std::string_view act_as);

 private:
  Result<CachedCredential> verify(std::string_view token);
  Result<CachedCredential> verify_jwt(const Jwt& jwt);
  Result<CachedCredential> verify_own(const Jwt& jwt);
  Result<CachedCredential> verify_outside(const Jwt& jwt);
  Result<CachedCredential> verify_key(std::string_view key);
  Result<CachedCredential> of_key_token(VerifiedAccessToken token);
  Result<> require_user(const UserId& user_id);
  Result<> require_outside_user(const UserId& user_id);
  Result<bool> user_exists(const UserId& user_id);
  Result<Identity> act_as_user(Identity identity, std::string_view act_as);
  void note_key_use(const ApiKeyRecord& key, TimestampMs now);

  MetadataStore& store_;
  const AccessTokens& access_tokens_;
  const RevocationSet& revocations_;
  OutsideIssuer* outside_;
  const Clock& clock_;
  AuthenticatorOptions options_;
  TokenCache cache_;
  KnownUsers known_users_;
};

}  // namespace c4a
