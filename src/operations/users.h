#pragma once

// Accounts: creating, reading, changing, deleting. Everything blocks: for worker threads.

#include <functional>
#include <optional>
#include <string>

#include "auth/identity.h"
#include "auth/token_service.h"
#include "base/clock.h"
#include "base/json_reader.h"
#include "metadata_store/metadata_store.h"
#include "operations/audit_trail.h"
#include "operations/conversations.h"

namespace c4a {

std::string user_json(const UserRecord& user);

struct UserRules {
  bool open_registration = false;  // auth.open_registration: anyone may create a user
};

class Users {
 public:
  // Ends a user's live sockets, on every event loop.
  using Disconnect = std::function<void(const UserId&)>;

  Users(MetadataStore& metadata, MessageStore& store, Conversations& conversations, TokenService& tokens,
        AuditTrail& audit, const Clock& clock, UserRules rules, Disconnect disconnect)
      : metadata_(metadata),
        store_(store),
        conversations_(conversations),
        tokens_(tokens),
        audit_(audit),
        clock_(clock),
        rules_(rules),
        disconnect_(std::move(disconnect)) {}

  // `caller`: nobody where open registration is used. Fails with: kValidationFailed, kUserExists, kUnauthorized,
  // kForbidden, kInsufficientScope.
  Result<UserRecord> create(const std::optional<Identity>& caller, JsonObject body);
  // Fails with: kUserNotFound, also for whom the caller may not see.
  Result<UserRecord> get(const Identity& caller, const UserId& user);
  Result<UserRecord> update(const Identity& caller, const UserId& user, JsonObject patch);
  // Ends tokens, sockets and memberships at once; the messages stay.
  Result<> remove(const Identity& caller, const UserId& user);
  // Deletions that a crash interrupted: for the start.
  Result<> finish_deletions();

 private:
  Result<> may_see(const Identity& caller, const UserId& user);
  Result<> may_change(const Identity& caller, const UserId& user);
  Result<> finish_deletion(const UserId& user);

  MetadataStore& metadata_;
  MessageStore& store_;
  Conversations& conversations_;
  TokenService& tokens_;
  AuditTrail& audit_;
  const Clock& clock_;
  const UserRules rules_;
  const Disconnect disconnect_;
};

}  // namespace c4a
