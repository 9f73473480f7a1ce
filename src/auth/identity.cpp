#include "auth/identity.h"

#include <fmt/format.h>

namespace c4a {

Identity Identity::local_operator() {
  Identity identity;
  identity.kind = Kind::kLocalOperator;
  identity.scopes = ScopeSet::all();
  return identity;
}

std::string Identity::actor() const {
  switch (kind) {
    case Kind::kUser:
      return user_id ? user_subject(*user_id) : "user:";
    case Kind::kKey:
      return key_subject(client_id);
    case Kind::kLocalOperator:
      return "operator";
  }
  return {};
}

std::string user_subject(const UserId& user_id) { return "user:" + user_id.text; }
std::string key_subject(const std::string& client_id) { return "key:" + client_id; }

Result<UserId> acting_user(const Identity& identity) {
  if (identity.user_id) return *identity.user_id;
  return fail_field("X-Act-As", "A key must say for which user it acts: send the header X-Act-As with a user_id.",
                    ErrorCode::kActAsRequired);
}

Result<> require_scope(const Identity& identity, Scope scope) {
  if (identity.has_scope(scope)) return {};
  if (identity.kind == Identity::Kind::kUser) {
    return fail(ErrorCode::kForbidden,
                fmt::format("Only an API key with the scope \"{}\" may do this.", scope_name(scope)));
  }
  return fail(ErrorCode::kInsufficientScope,
              fmt::format("The key lacks the scope \"{}\"; create one that has it.", scope_name(scope)));
}

}  // namespace c4a
