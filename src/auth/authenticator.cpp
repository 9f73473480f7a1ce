#include "auth/authenticator.h"

#include <algorithm>

#include "auth/api_key.h"

namespace c4a {
namespace {

constexpr std::string_view kBearer = "bearer ";

std::unexpected<Error> not_known() { return invalid_token("The bearer token is not valid here."); }

std::unexpected<Error> only_keys_act() {
  return fail(ErrorCode::kActAsNotAllowed, "Only an API key may send X-Act-As; leave the header out.");
}

std::unexpected<Error> unknown_act_as(std::string_view act_as) {
  return fail_field("X-Act-As", "There is no user \"" + std::string(act_as.substr(0, 64)) + "\".",
                    ErrorCode::kUnknownUser);
}

std::shared_ptr<const CredentialFacts> facts_of(const VerifiedAccessToken& token, std::string_view subject) {
  const std::string family_id = token.claims.family_id ? token.claims.family_id->str() : "";
  return std::make_shared<const CredentialFacts>(token.jti, family_id, subject, token.issued_at);
}

bool begins_with_bearer(std::string_view authorization) {
  return authorization.size() > kBearer.size() &&
         std::ranges::equal(authorization.substr(0, kBearer.size()), kBearer,
                            [](char got, char want) { return (got >= 'A' && got <= 'Z' ? got + 32 : got) == want; });
}

}  // namespace

Result<std::string_view> bearer_token(std::string_view authorization) {
  if (authorization.empty()) {
    return fail(ErrorCode::kUnauthorized,
                "Send the header \"Authorization: Bearer\" with an access token or an API key.");
  }
  if (!begins_with_bearer(authorization)) {
    return invalid_token("The Authorization header must be \"Bearer\" and a token.");
  }
  std::string_view token = authorization.substr(kBearer.size());
  while (token.starts_with(' ')) token.remove_prefix(1);
  if (token.empty() || token.size() > kMaxJwtBytes) return invalid_token("The bearer token is empty or too long.");
  return token;
}

Authenticator::Authenticator(MetadataStore& store, const AccessTokens& access_tokens, const RevocationSet& revocations,
                             OutsideIssuer* outside, const Clock& clock, const AuthenticatorOptions& options)
    : store_(store),
      access_tokens_(access_tokens),
      revocations_(revocations),
      outside_(outside),
      clock_(clock),
      options_(options),
      cache_(options.cached_credentials),
      known_users_(revocations) {}

std::optional<Result<Identity>> Authenticator::try_authenticate_cached(std::string_view token,
                                                                       std::string_view act_as) {
  const TimestampMs now = clock_.now_ms();
  const auto cached = cache_.find(token, now);
  if (!cached || revocations_.refuses(*cached->identity.facts)) return std::nullopt;
  if (act_as.empty()) return cached->identity;
  if (cached->identity.kind == Identity::Kind::kUser) return only_keys_act();
  auto user_id = UserId::parse(act_as);
  if (!user_id) return unknown_act_as(act_as);
  if (!known_users_.contains(*user_id, now)) return std::nullopt;
  Identity identity = cached->identity;
  identity.user_id = *std::move(user_id);
  return identity;
}

Result<Identity> Authenticator::authenticate(std::string_view authorization, std::string_view act_as) {
  C4A_TRY(const std::string_view token, bearer_token(authorization));
  return authenticate_token(token, act_as);
}

Result<Identity> Authenticator::authenticate_token(std::string_view token, std::string_view act_as) {
  if (auto cached = try_authenticate_cached(token, act_as)) return *std::move(cached);
  C4A_TRY(CachedCredential credential, verify(token));
  if (revocations_.refuses(*credential.identity.facts)) {
    return invalid_token("The token has been revoked; log in again.");
  }
  Identity identity = credential.identity;
  cache_.put(token, std::move(credential));
  return act_as_user(std::move(identity), act_as);
}

bool Authenticator::is_revoked(const CredentialFacts& facts) const { return revocations_.refuses(facts); }

Result<Identity> Authenticator::act_as_user(Identity identity, std::string_view act_as) {
  if (act_as.empty()) return identity;
  if (identity.kind == Identity::Kind::kUser) return only_keys_act();
  auto user_id = UserId::parse(act_as);
  if (!user_id) return unknown_act_as(act_as);
  const TimestampMs now = clock_.now_ms();
  if (!known_users_.contains(*user_id, now)) {
    C4A_TRY(const bool exists, user_exists(*user_id));
    if (!exists) return unknown_act_as(act_as);
    known_users_.add(*user_id, now);
  }
  identity.user_id = *std::move(user_id);
  return identity;
}

Result<CachedCredential> Authenticator::verify(std::string_view token) {
  if (token.empty() || token.size() > kMaxJwtBytes) return not_known();
  if (!looks_like_jwt(token)) return verify_key(token);
  C4A_TRY(const Jwt jwt, parse_jwt(token));
  return verify_jwt(jwt);
}

Result<CachedCredential> Authenticator::verify_jwt(const Jwt& jwt) {
  if (outside_ != nullptr && jwt.claims.issuer == outside_->issuer() &&
      jwt.claims.issuer != access_tokens_.options().issuer) {
    return verify_outside(jwt);
  }
  return verify_own(jwt);
}

Result<CachedCredential> Authenticator::verify_own(const Jwt& jwt) {
  C4A_TRY(VerifiedAccessToken token, access_tokens_.verify(jwt));
  if (!token.claims.client_id.empty()) return of_key_token(std::move(token));
  auto user_id = UserId::parse(token.claims.subject);
  if (!user_id) return not_known();
  C4A_CHECK(require_user(*user_id));

  CachedCredential credential;
  credential.identity.facts = facts_of(token, user_subject(*user_id));
  credential.identity.kind = Identity::Kind::kUser;
  credential.identity.user_id = *std::move(user_id);
  credential.identity.expires_at = token.expires_at;
  credential.usable_until = std::min(token.expires_at, clock_.now_ms() + options_.token_cached_s * 1000);
  return credential;
}

// The key must still be there, and may have lost scopes since.
Result<CachedCredential> Authenticator::of_key_token(VerifiedAccessToken token) {
  const TimestampMs now = clock_.now_ms();
  C4A_TRY(const auto key, store_.key_by_client_id(token.claims.client_id));
  if (!key) return not_known();
  note_key_use(*key, now);

  CachedCredential credential;
  credential.identity.facts = facts_of(token, key_subject(key->client_id));
  credential.identity.kind = Identity::Kind::kKey;
  credential.identity.key_id = key->key_id;
  credential.identity.client_id = key->client_id;
  credential.identity.scopes = ScopeSet::from_stored(key->scopes).intersect(token.claims.scopes);
  credential.identity.expires_at = token.expires_at;
  credential.usable_until = std::min(token.expires_at, now + options_.key_cached_s * 1000);
  return credential;
}

Result<CachedCredential> Authenticator::verify_key(std::string_view key_text) {
  // Taken before the store is asked: a deletion in between leaves a revocation that is not earlier, and is noticed.
  const TimestampMs now = clock_.now_ms();
  C4A_TRY(const auto key, store_.key_by_hash(secret_hash(key_text)));
  if (!key) return not_known();
  note_key_use(*key, now);

  CachedCredential credential;
  credential.identity.facts = std::make_shared<const CredentialFacts>("", "", key_subject(key->client_id), now);
  credential.identity.kind = Identity::Kind::kKey;
  credential.identity.key_id = key->key_id;
  credential.identity.client_id = key->client_id;
  credential.identity.scopes = ScopeSet::from_stored(key->scopes);
  credential.usable_until = now + options_.key_cached_s * 1000;
  return credential;
}

Result<CachedCredential> Authenticator::verify_outside(const Jwt& jwt) {
  outside_->refresh_if_stale();
  C4A_TRY(auto token, outside_->verify(jwt));
  if (!token) {
    C4A_CHECK(outside_->refresh());
    C4A_TRY(token, outside_->verify(jwt));
  }
  if (!token) return invalid_token("The token is signed with a key that its issuer does not publish.");
  C4A_CHECK(require_outside_user(token->user_id));

  CachedCredential credential;
  credential.identity.facts =
      std::make_shared<const CredentialFacts>(token->jti, "", user_subject(token->user_id), token->issued_at);
  credential.identity.kind = Identity::Kind::kUser;
  credential.identity.user_id = token->user_id;
  credential.identity.expires_at = token->expires_at;
  credential.usable_until = std::min(token->expires_at, clock_.now_ms() + options_.token_cached_s * 1000);
  return credential;
}

Result<bool> Authenticator::user_exists(const UserId& user_id) {
  const auto user = store_.user(user_id);
  if (user) return true;
  if (user.error().code == ErrorCode::kUserNotFound) return false;
  return fail(user.error());
}

Result<> Authenticator::require_user(const UserId& user_id) {
  C4A_TRY(const bool exists, user_exists(user_id));
  if (!exists) return not_known();
  return {};
}

Result<> Authenticator::require_outside_user(const UserId& user_id) {
  C4A_TRY(const bool exists, user_exists(user_id));
  if (exists) return {};
  UserRecord user;
  user.user_id = user_id;
  user.created_at = clock_.now_ms();
  const auto created = store_.create_user(user);
  if (created) return {};
  if (created.error().code != ErrorCode::kUserExists) return fail(created.error());
  return require_user(user_id);  // created by another request at this moment, or deleted
}

// At most one write per key and minute: between two of them the cache answers. A failure loses a statistic only.
void Authenticator::note_key_use(const ApiKeyRecord& key, TimestampMs now) {
  if (key.last_used_at && now - *key.last_used_at < options_.key_cached_s * 1000) return;
  const KeyUse use{key.key_id, now};
  (void)store_.record_key_use({&use, 1});
}

}  // namespace c4a
