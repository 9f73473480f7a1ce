#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "metadata_store/metadata_records.h"

namespace c4a {

// Changes a user in place. It runs inside the store's transaction, perhaps more than once: no I/O, no side effects.
using UserEdit = std::function<Result<>(UserRecord&)>;

// MetadataStore keeps users, credentials, revocations, idempotency records and the audit trail.
//
// Every call blocks until its change is durable: call on worker threads, never on an event loop. Any thread may call
// any method. Implementations: SqliteMetadataStore (embedded, the default), PostgresMetadataStore (a server that
// several processes share), FakeMetadataStore (unit tests).
//
// Every method can fail with kUnavailable (the same call may succeed later; after a failed write, read before assuming
// that nothing happened) and kCorrupt (an operator must act); other errors stand at their method.
class MetadataStore {
 public:
  virtual ~MetadataStore() = default;

  // Brings the schema up to date; interrupted, it goes on at the next call. Nothing else works before the first call.
  virtual Result<> migrate() = 0;
  // Whether reads and writes work right now.
  virtual Result<> check() = 0;

  // --- Users. A deleted id is never given again. ---

  // Fails with: kUserExists, also for an id that is being or has been deleted.
  virtual Result<> create_user(const UserRecord& user) = 0;
  // Users who are not deleted, nor being deleted. Fails with: kUserNotFound.
  virtual Result<UserRecord> user(const UserId& user_id) = 0;
  // Atomic read and write; answers the user as stored. `edit` may change the display name, the metadata and the
  // password hash; its error leaves the user as it was. Fails with: kUserNotFound, what `edit` fails with.
  virtual Result<UserRecord> update_user(const UserId& user_id, const UserEdit& edit) = 0;
  // Those of `user_ids` (up to 10,000) who do not exist, in the order given.
  virtual Result<std::vector<UserId>> missing_users(std::span<const UserId> user_ids) = 0;
  // From here on the user does not exist for anyone; repeating it is harmless. Fails with: kUserNotFound (also once the
  // deletion has finished).
  virtual Result<> begin_user_deletion(const UserId& user_id, TimestampMs at) = 0;
  // Forgets everything about the user but the id. Repeating it is harmless.
  virtual Result<> finish_user_deletion(const UserId& user_id) = 0;
  // Deletions that began and did not finish: look here at every start.
  virtual Result<std::vector<UserId>> users_being_deleted() = 0;

  // --- API keys ---

  // Fails with: kConflict where the key_id, client_id or hash is taken.
  virtual Result<> create_key(const ApiKeyRecord& key) = 0;
  virtual Result<std::optional<ApiKeyRecord>> key_by_hash(std::string_view key_hash) = 0;
  virtual Result<std::optional<ApiKeyRecord>> key_by_client_id(std::string_view client_id) = 0;
  // Oldest first. Fails with: kInvalidCursor.
  virtual Result<MetadataPage<ApiKeyRecord>> keys(const std::optional<std::string>& cursor, std::size_t limit) = 0;
  // Answers what was deleted. Fails with: kNotFound.
  virtual Result<ApiKeyRecord> delete_key(const Uuid& key_id) = 0;
  // Makes `key` the bootstrap admin key in place of the earlier one, which it answers. Where the hash is already stored
  // nothing changes and that record is answered.
  struct AdminKeyChange {
    ApiKeyRecord stored;
    std::optional<ApiKeyRecord> replaced;
  };
  virtual Result<AdminKeyChange> put_admin_key(const ApiKeyRecord& key) = 0;
  virtual Result<std::optional<ApiKeyRecord>> admin_key() = 0;
  // Moves `last_used_at` forward; unknown keys are ignored.
  virtual Result<> record_key_use(std::span<const KeyUse> uses) = 0;

  // --- Refresh tokens, looked up by the hash of the token ---

  virtual Result<> create_refresh_family(const RefreshFamily& family) = 0;
  // Atomic: of many rotations of one token exactly one answers kRotated. A reuse revokes the family and records a
  // kFamily revocation until `access_tokens_end_at`.
  virtual Result<RefreshOutcome> rotate_refresh_token(const RefreshRotation& rotation) = 0;
  // Revokes the family that the token belongs to, used or not, and records a kFamily revocation until
  // `access_tokens_end_at`. Answers the family; empty for an unknown token or a family revoked before.
  virtual Result<std::optional<Uuid>> revoke_refresh_token(std::string_view token_hash, TimestampMs now,
                                                           TimestampMs access_tokens_end_at) = 0;

  // --- Revocations of access tokens ---

  // Repeating one is harmless. A kSubject revocation also revokes every refresh family of that subject.
  virtual Result<> revoke(const Revocation& revocation) = 0;
  // Those that have not expired at `now` and were recorded at or after `recorded_from` (0: all).
  virtual Result<std::vector<Revocation>> revocations(TimestampMs now, TimestampMs recorded_from) = 0;

  // --- Signing keys, oldest first ---

  // Adding a kid again keeps the first.
  virtual Result<> add_signing_key(const SigningKeyRecord& key) = 0;
  virtual Result<std::vector<SigningKeyRecord>> signing_keys() = 0;

  // --- Idempotency keys ---

  // Atomic: of many requests with one id exactly one answers kStarted. A record older than `kIdempotencyMs` at `now`
  // counts as absent.
  static constexpr TimestampMs kIdempotencyMs = 24LL * 3600 * 1000;
  virtual Result<IdempotencyBegin> begin_idempotent(const IdempotencyId& id, std::string_view body_hash,
                                                    TimestampMs now) = 0;
  // Keeps the answer of a running record. Nothing happens where none is running.
  virtual Result<> finish_idempotent(const IdempotencyId& id, const StoredResponse& response) = 0;
  // Forgets a running record: the request did not succeed and may be tried again.
  virtual Result<> abandon_idempotent(const IdempotencyId& id) = 0;
  // Abandons what was running before `started_before`: for the start, when nobody is left to finish it.
  virtual Result<> abandon_interrupted_idempotent(TimestampMs started_before) = 0;

  // --- Audit trail, append-only ---

  virtual Result<> append_audit(const AuditEntry& entry) = 0;
  // Newest first. Fails with: kInvalidCursor.
  virtual Result<MetadataPage<AuditEntry>> audit(const std::optional<std::string>& cursor, std::size_t limit) = 0;

  // Removes what has expired at `now`: refresh tokens, revocations, idempotency records. Call every few minutes.
  virtual Result<> purge_expired(TimestampMs now) = 0;
};

}  // namespace c4a
