#pragma once

// What MetadataStore keeps, as plain values. Hashes are the 32 raw bytes of a SHA-256.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/uuid.h"
#include "domain/ids.h"
#include "domain/message.h"

namespace c4a {

// One page of a list; `next_cursor` is there when more follows.
template <class T>
struct MetadataPage {
  std::vector<T> items;
  std::optional<std::string> next_cursor;
};

struct UserRecord {
  UserId user_id;
  std::optional<std::string> display_name;
  std::string metadata = "{}";               // a JSON object, as text
  std::optional<std::string> password_hash;  // empty: this user cannot log in with a password
  TimestampMs created_at = 0;
  bool operator==(const UserRecord&) const = default;
};

struct ApiKeyRecord {
  Uuid key_id;
  std::string client_id;
  std::string name;
  std::vector<std::string> scopes;
  std::string key_hash;  // of the full key, which is stored nowhere
  TimestampMs created_at = 0;
  std::optional<TimestampMs> last_used_at;
  bool is_bootstrap = false;  // the admin key of the first start, or of CHAT4ALL_ADMIN_KEY: at most one
  bool operator==(const ApiKeyRecord&) const = default;
};

struct KeyUse {
  Uuid key_id;
  TimestampMs at = 0;
};

// All refresh tokens that descend from one login. `subject` is "user:<user_id>" or "key:<client_id>".
struct RefreshFamily {
  Uuid family_id;
  std::string subject;
  std::string token_hash;  // of the first token
  TimestampMs created_at = 0;
  TimestampMs expires_at = 0;
};

struct RefreshRotation {
  std::string old_hash;
  std::string new_hash;
  TimestampMs now = 0;
  TimestampMs new_expires_at = 0;
  TimestampMs access_tokens_end_at = 0;  // when the last access token of the family will have expired by itself
};

struct RefreshOutcome {
  enum class Kind : std::uint8_t {
    kRotated,
    kReused,   // the old token had been used before: the whole family is revoked now
    kUnknown,  // never issued, expired, or of a family revoked earlier
  };
  Kind kind = Kind::kUnknown;
  Uuid family_id;       // for kRotated and kReused
  std::string subject;  // for kRotated and kReused
};

// A reason to refuse access tokens before they expire. It may be forgotten once `expires_at` has passed.
struct Revocation {
  enum class Kind : std::uint8_t {
    kToken = 1,    // the token whose `jti` is `id`
    kFamily = 2,   // every token whose `sid` is `id`
    kSubject = 3,  // every token of the subject `id` that was issued at or before `not_before`
  };
  Kind kind = Kind::kToken;
  std::string id;
  TimestampMs not_before = 0;  // kSubject only; a later one wins
  TimestampMs recorded_at = 0;
  TimestampMs expires_at = 0;
  bool operator==(const Revocation&) const = default;
};

struct SigningKeyRecord {
  std::string kid;
  std::string private_key;  // 32 bytes: an Ed25519 seed
  TimestampMs created_at = 0;
  bool operator==(const SigningKeyRecord&) const = default;
};

struct StoredResponse {
  int status = 0;
  std::string headers;  // as the caller wrote them; never read here
  std::string body;
  bool operator==(const StoredResponse&) const = default;
};

struct IdempotencyId {
  std::string caller;
  std::string path;
  std::string key;
  auto operator<=>(const IdempotencyId&) const = default;
};

struct IdempotencyBegin {
  enum class Kind : std::uint8_t {
    kStarted,    // the caller runs the request, then calls finish or abandon
    kRunning,    // another request with this key has not finished
    kReplay,     // answer `response`
    kOtherBody,  // the key belongs to a request with another body
  };
  Kind kind = Kind::kStarted;
  StoredResponse response;
};

// A send that was answered before its router had decided it: what a repeat of its message_id is compared with until the
// message is in the message store.
struct UndecidedSend {
  ConversationId conversation_id;
  MessageId message_id;
  ContentDigest digest{};
  UserId from;
  TimestampMs created_at = 0;
  TimestampMs expires_at = 0;
  bool operator==(const UndecidedSend&) const = default;
};

struct UndecidedNote {
  bool first = true;
  UndecidedSend noted;  // the first one: this very send where `first`
};

struct AuditEntry {
  Uuid audit_id;
  TimestampMs timestamp = 0;
  std::string actor;
  std::string action;
  std::string object_type;
  std::string object_id;
  std::string details = "{}";  // a JSON object, as text
  bool operator==(const AuditEntry&) const = default;
};

}  // namespace c4a
