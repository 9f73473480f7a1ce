#pragma once

// Gives tokens out and takes them back: POST /auth/token, POST /auth/revoke, tokens minted by keys, and the end of all
// tokens of a user or a key.

#include <optional>
#include <string>
#include <string_view>

#include "auth/access_token.h"
#include "auth/revocation_set.h"
#include "base/clock.h"
#include "base/result.h"
#include "domain/ids.h"
#include "metadata_store/metadata_store.h"

namespace c4a {

// The fields of POST /auth/token; a field that was not sent is empty.
struct TokenRequest {
  std::string grant_type;
  std::optional<std::string> username;
  std::optional<std::string> password;
  std::optional<std::string> client_id;
  std::optional<std::string> client_secret;
  std::optional<std::string> refresh_token;
  std::optional<std::string> scope;  // with client_credentials: fewer scopes than the key has
};

struct TokenGrant {
  std::string access_token;
  std::string refresh_token;
  std::int64_t expires_in_s = 0;
  std::string scope;    // of a key's token, names between spaces; empty for a user
  std::string subject;  // user_subject() or key_subject(), for the audit trail
};

struct TokenServiceOptions {
  std::int64_t refresh_lifetime_s = 30LL * 24 * 3600;  // of each refresh token, from its own issue on
};

// Everything here blocks, on the store and on password hashing: for worker threads. Any thread may call any method.
// Login attempts are to be limited by the caller. Every method can fail with kUnavailable and kCorrupt.
class TokenService {
 public:
  // What it is given must outlive it.
  TokenService(MetadataStore& store, const AccessTokens& access_tokens, RevocationSet& revocations, const Clock& clock,
               const TokenServiceOptions& options = {})
      : store_(store), access_tokens_(access_tokens), revocations_(revocations), clock_(clock), options_(options) {}

  // Fails with: kInvalidRequest (a field is missing), kUnsupportedGrantType, kInvalidGrant (wrong credentials of any
  // kind; which one stays untold).
  Result<TokenGrant> grant(const TokenRequest& request);

  // Fails with: kUserNotFound.
  Result<TokenGrant> mint_for_user(const UserId& user_id);

  // RFC 7009. A refresh token ends its whole family with all its access tokens, an access token only itself; what is
  // unknown, expired or not ours is no error. In force when it returns.
  Result<> revoke(std::string_view token);

  // Ends every access and refresh token issued until now: after a change of the password, or after
  // begin_user_deletion() (in this order, so that nobody is let in between the two).
  Result<> end_user_tokens(const UserId& user_id);
  // Deletes the key and ends every token that was given to it. Fails with: kNotFound.
  Result<ApiKeyRecord> delete_key(const Uuid& key_id);
  // For a key that is gone from the store already, such as a replaced admin key.
  Result<> end_key_tokens(const std::string& client_id);

 private:
  Result<TokenGrant> grant_by_type(const TokenRequest& request);
  Result<TokenGrant> grant_password(const TokenRequest& request);
  Result<TokenGrant> grant_client_credentials(const TokenRequest& request);
  Result<TokenGrant> grant_refresh(const TokenRequest& request);
  Result<TokenGrant> start_family(const std::string& subject, AccessTokenClaims claims);
  Result<AccessTokenClaims> claims_of(const std::string& subject);
  TokenGrant issue(const std::string& subject, const AccessTokenClaims& claims, std::string refresh_token) const;
  Result<> end_tokens(const std::string& subject);
  Result<> record(const Revocation& revocation);

  MetadataStore& store_;
  const AccessTokens& access_tokens_;
  RevocationSet& revocations_;
  const Clock& clock_;
  TokenServiceOptions options_;
};

}  // namespace c4a
