#include "auth/token_service.h"

#include <algorithm>

#include "auth/api_key.h"
#include "auth/identity.h"
#include "auth/password_hash.h"

namespace c4a {
namespace {

// A revocation of a subject also has to outlive every cached credential, however short our own tokens live.
constexpr std::int64_t kMaxCachedMs = 3'600'000;

std::unexpected<Error> wrong_credentials() {
  return fail(ErrorCode::kInvalidGrant, "The credentials are wrong, expired or revoked.");
}

Result<std::string> needed(const std::optional<std::string>& field, std::string_view name) {
  if (field && !field->empty()) return *field;
  return fail(ErrorCode::kInvalidRequest, "The field \"" + std::string(name) + "\" is missing.");
}

// A credential that stands for nobody is simply wrong; a store that is down is not.
std::unexpected<Error> unless_found(Error error) {
  if (error.code == ErrorCode::kUserNotFound) return wrong_credentials();
  return fail(std::move(error));
}

}  // namespace

Result<TokenGrant> TokenService::grant(const TokenRequest& request) {
  const std::uint64_t changes = revocations_.changes();
  const TimestampMs began_at = clock_.now_ms();
  auto grant = grant_by_type(request);
  // Checking a password takes long enough for it to be changed meanwhile: then what was checked counts no more.
  if (grant && revocations_.changes() != changes && revocations_.not_before(grant->subject) >= began_at) {
    return wrong_credentials();
  }
  return grant;
}

Result<TokenGrant> TokenService::grant_by_type(const TokenRequest& request) {
  if (request.grant_type.empty()) return fail(ErrorCode::kInvalidRequest, "The field \"grant_type\" is missing.");
  if (request.grant_type == "password") return grant_password(request);
  if (request.grant_type == "client_credentials") return grant_client_credentials(request);
  if (request.grant_type == "refresh_token") return grant_refresh(request);
  return fail(ErrorCode::kUnsupportedGrantType,
              "The grant types are \"password\", \"client_credentials\" and \"refresh_token\".");
}

Result<TokenGrant> TokenService::grant_password(const TokenRequest& request) {
  C4A_TRY(const std::string username, needed(request.username, "username"));
  C4A_TRY(const std::string password, needed(request.password, "password"));
  std::optional<std::string> hash;
  const auto user_id = UserId::parse(username);
  if (user_id) {
    auto user = store_.user(*user_id);
    if (!user && user.error().code != ErrorCode::kUserNotFound) return fail(std::move(user.error()));
    if (user) hash = user->password_hash;
  }
  if (!verify_password(hash, password)) return wrong_credentials();
  if (needs_rehash(*hash)) {
    if (auto better = hash_password(password)) {
      (void)store_.update_user(*user_id, [&](UserRecord& user) -> Result<> {
        if (user.password_hash == hash) user.password_hash = *better;
        return {};
      });
    }
  }
  return start_family(user_subject(*user_id), {user_id->text, {}, {}, {}});
}

Result<TokenGrant> TokenService::grant_client_credentials(const TokenRequest& request) {
  C4A_TRY(const std::string client_id, needed(request.client_id, "client_id"));
  C4A_TRY(const std::string secret, needed(request.client_secret, "client_secret"));
  C4A_TRY(const auto key, store_.key_by_hash(secret_hash(secret)));
  if (!key || key->client_id != client_id) return wrong_credentials();
  ScopeSet scopes = ScopeSet::from_stored(key->scopes);
  if (request.scope && !request.scope->empty()) {
    const auto asked = ScopeSet::parse_text(*request.scope);
    if (!asked || !scopes.covers(*asked)) {
      return fail(ErrorCode::kInvalidRequest,
                  "The field \"scope\" asks for more than the key has: " + scopes.text() + ".");
    }
    scopes = *asked;
  }
  return start_family(key_subject(client_id), {client_id, client_id, scopes, {}});
}

Result<TokenGrant> TokenService::grant_refresh(const TokenRequest& request) {
  C4A_TRY(const std::string old_token, needed(request.refresh_token, "refresh_token"));
  const TimestampMs now = clock_.now_ms();
  std::string new_token = make_refresh_token();
  const TimestampMs access_tokens_end_at = access_tokens_.all_expired_at(now);
  C4A_TRY(const RefreshOutcome outcome,
          store_.rotate_refresh_token({secret_hash(old_token), secret_hash(new_token), now,
                                       now + options_.refresh_lifetime_s * 1000, access_tokens_end_at}));
  if (outcome.kind == RefreshOutcome::Kind::kReused) {
    revocations_.add({Revocation::Kind::kFamily, outcome.family_id.str(), 0, now, access_tokens_end_at});
  }
  if (outcome.kind != RefreshOutcome::Kind::kRotated) return wrong_credentials();
  C4A_TRY(AccessTokenClaims claims, claims_of(outcome.subject));
  claims.family_id = outcome.family_id;
  return issue(outcome.subject, claims, std::move(new_token));
}

// Whom a stored subject stands for today: users and keys may be gone, keys may have other scopes.
Result<AccessTokenClaims> TokenService::claims_of(const std::string& subject) {
  const std::string name = subject.substr(subject.find(':') + 1);
  if (subject.starts_with("user:")) {
    const UserId user_id{name};
    if (auto user = store_.user(user_id); !user) return unless_found(std::move(user.error()));
    return AccessTokenClaims{name, {}, {}, {}};
  }
  C4A_TRY(const auto key, store_.key_by_client_id(name));
  if (!key) return wrong_credentials();
  return AccessTokenClaims{name, name, ScopeSet::from_stored(key->scopes), {}};
}

Result<TokenGrant> TokenService::mint_for_user(const UserId& user_id) {
  C4A_TRY(const UserRecord user, store_.user(user_id));
  return start_family(user_subject(user.user_id), {user.user_id.text, {}, {}, {}});
}

Result<TokenGrant> TokenService::start_family(const std::string& subject, AccessTokenClaims claims) {
  const TimestampMs now = clock_.now_ms();
  std::string refresh_token = make_refresh_token();
  claims.family_id = Uuid::v7(now);
  C4A_CHECK(store_.create_refresh_family(
      {*claims.family_id, subject, secret_hash(refresh_token), now, now + options_.refresh_lifetime_s * 1000}));
  return issue(subject, claims, std::move(refresh_token));
}

TokenGrant TokenService::issue(const std::string& subject, const AccessTokenClaims& claims,
                               std::string refresh_token) const {
  // Within the millisecond in which all earlier tokens ended, a new one must count as later.
  const TimestampMs issued_at = std::max(clock_.now_ms(), revocations_.not_before(subject) + 1);
  IssuedAccessToken issued = access_tokens_.issue(claims, issued_at);
  return {std::move(issued.token), std::move(refresh_token), access_tokens_.options().lifetime_s, claims.scopes.text(),
          subject};
}

Result<> TokenService::revoke(std::string_view token) {
  const TimestampMs now = clock_.now_ms();
  if (looks_like_jwt(token)) {
    const auto jwt = parse_jwt(token);
    if (!jwt) return {};
    const auto verified = access_tokens_.verify(*jwt);
    if (!verified) {
      if (verified.error().code == ErrorCode::kInvalidToken) return {};
      return fail(verified.error());
    }
    return record({Revocation::Kind::kToken, verified->jti, 0, now, access_tokens_.all_expired_at(now)});
  }
  const TimestampMs ends_at = access_tokens_.all_expired_at(now);
  C4A_TRY(const auto family_id, store_.revoke_refresh_token(secret_hash(token), now, ends_at));
  if (family_id) revocations_.add({Revocation::Kind::kFamily, family_id->str(), 0, now, ends_at});
  return {};
}

Result<> TokenService::end_user_tokens(const UserId& user_id) { return end_tokens(user_subject(user_id)); }

Result<ApiKeyRecord> TokenService::delete_key(const Uuid& key_id) {
  // The store first: Authenticator believes a key that it finds after the revocation.
  C4A_TRY(ApiKeyRecord key, store_.delete_key(key_id));
  C4A_CHECK(end_key_tokens(key.client_id));
  return key;
}

Result<> TokenService::end_key_tokens(const std::string& client_id) { return end_tokens(key_subject(client_id)); }

Result<> TokenService::end_tokens(const std::string& subject) {
  const TimestampMs now = clock_.now_ms();
  const TimestampMs expires_at = std::max(access_tokens_.all_expired_at(now), now + kMaxCachedMs);
  return record({Revocation::Kind::kSubject, subject, now, now, expires_at});
}

Result<> TokenService::record(const Revocation& revocation) {
  // In memory first: should the store fail, this process refuses the token all the same.
  revocations_.add(revocation);
  return store_.revoke(revocation);
}

}  // namespace c4a
