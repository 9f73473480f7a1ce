#pragma once

// Who is calling.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "auth/scope_set.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/uuid.h"
#include "domain/ids.h"

namespace c4a {

class CredentialFacts;  // revocation_set.h

struct Identity {
  enum class Kind : std::uint8_t {
    kUser,           // a user's access token
    kKey,            // an API key, or an access token that was given to one
    kLocalOperator,  // a command line on this machine: may do everything
  };

  Kind kind = Kind::kUser;
  std::optional<UserId> user_id;          // the user, or whom a key acts for
  Uuid key_id;                            // of a key
  std::string client_id;                  // of a key
  ScopeSet scopes;                        // of a key or an operator; users have none
  std::optional<TimestampMs> expires_at;  // of a token; keys do not expire
  // What a later revocation can match: see Authenticator::is_revoked. Shared by all that the credential is used for.
  std::shared_ptr<const CredentialFacts> facts;

  static Identity local_operator();

  // A key or an operator with this scope; never a user.
  bool has_scope(Scope scope) const { return kind != Kind::kUser && scopes.has(scope); }
  // For the audit trail and for idempotency: "user:ann", "key:client_0f", "operator".
  std::string actor() const;
};

// The subjects under which tokens are revoked.
std::string user_subject(const UserId& user_id);
std::string key_subject(const std::string& client_id);

// For the routes that act as a user. Fails with: kActAsRequired for a key that names nobody.
Result<UserId> acting_user(const Identity& identity);

// For the routes that only keys may use. Fails with: kForbidden for a user, kInsufficientScope.
Result<> require_scope(const Identity& identity, Scope scope);

}  // namespace c4a
