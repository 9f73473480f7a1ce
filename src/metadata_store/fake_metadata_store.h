#pragma once

// MetadataStore in memory, for unit tests: everything is gone with the object, and nothing ever fails by itself.

#include <map>
#include <mutex>
#include <set>
#include <string>

#include "metadata_store/metadata_store.h"

namespace c4a {

class FakeMetadataStore final : public MetadataStore {
 public:
  // From here on every call fails with kUnavailable, or none does.
  void set_down(bool down);

  Result<> migrate() override;
  Result<> check() override;

  Result<> create_user(const UserRecord& user) override;
  Result<UserRecord> user(const UserId& user_id) override;
  Result<UserRecord> update_user(const UserId& user_id, const UserEdit& edit) override;
  Result<std::vector<UserId>> missing_users(std::span<const UserId> user_ids) override;
  Result<> begin_user_deletion(const UserId& user_id, TimestampMs at) override;
  Result<> finish_user_deletion(const UserId& user_id) override;
  Result<std::vector<UserId>> users_being_deleted() override;

  Result<> create_key(const ApiKeyRecord& key) override;
  Result<std::optional<ApiKeyRecord>> key_by_hash(std::string_view key_hash) override;
  Result<std::optional<ApiKeyRecord>> key_by_client_id(std::string_view client_id) override;
  Result<MetadataPage<ApiKeyRecord>> keys(const std::optional<std::string>& cursor, std::size_t limit) override;
  Result<ApiKeyRecord> delete_key(const Uuid& key_id) override;
  Result<AdminKeyChange> put_admin_key(const ApiKeyRecord& key) override;
  Result<std::optional<ApiKeyRecord>> admin_key() override;
  Result<> record_key_use(std::span<const KeyUse> uses) override;

  Result<> create_refresh_family(const RefreshFamily& family) override;
  Result<RefreshOutcome> rotate_refresh_token(const RefreshRotation& rotation) override;
  Result<std::optional<Uuid>> revoke_refresh_token(std::string_view token_hash, TimestampMs now,
                                                   TimestampMs access_tokens_end_at) override;

  Result<> revoke(const Revocation& revocation) override;
  Result<std::vector<Revocation>> revocations(TimestampMs now, TimestampMs recorded_from) override;

  Result<> add_signing_key(const SigningKeyRecord& key) override;
  Result<std::vector<SigningKeyRecord>> signing_keys() override;

  Result<IdempotencyBegin> begin_idempotent(const IdempotencyId& id, std::string_view body_hash,
                                            TimestampMs now) override;
  Result<> finish_idempotent(const IdempotencyId& id, const StoredResponse& response) override;
  Result<> abandon_idempotent(const IdempotencyId& id) override;
  Result<> abandon_interrupted_idempotent(TimestampMs started_before) override;

  Result<UndecidedNote> note_undecided(const UndecidedSend& send) override;

  Result<> append_audit(const AuditEntry& entry) override;
  Result<MetadataPage<AuditEntry>> audit(const std::optional<std::string>& cursor, std::size_t limit) override;

  Result<> purge_expired(TimestampMs now) override;

 private:
  struct StoredUser {
    enum class State : std::uint8_t { kActive, kDeleting, kDeleted };
    UserRecord record;
    State state = State::kActive;
  };
  struct StoredFamily {
    std::string subject;
    TimestampMs expires_at = 0;
    bool revoked = false;
  };
  struct StoredToken {
    Uuid family_id;
    TimestampMs expires_at = 0;
    bool used = false;
  };
  struct StoredRequest {
    std::string body_hash;
    TimestampMs created_at = 0;
    std::optional<StoredResponse> response;
  };

  Result<> available() const;
  Result<StoredUser*> active_user(const UserId& user_id);
  Result<> insert_key(const ApiKeyRecord& key);
  template <class Matches>
  std::optional<ApiKeyRecord> find_key(const Matches& matches) const;
  void put_revocation(const Revocation& revocation);
  void revoke_family(const Uuid& family_id, TimestampMs now, TimestampMs access_tokens_end_at);

  mutable std::mutex mutex_;  // guards all below
  bool down_ = false;
  std::map<std::string, StoredUser, std::less<>> users_;
  std::map<Uuid, ApiKeyRecord> keys_;
  std::map<Uuid, StoredFamily> families_;
  std::map<std::string, StoredToken, std::less<>> tokens_;
  std::map<std::pair<Revocation::Kind, std::string>, Revocation> revocations_;
  std::vector<SigningKeyRecord> signing_keys_;
  std::map<IdempotencyId, StoredRequest> requests_;
  std::map<std::pair<ConversationId, MessageId>, UndecidedSend> undecided_;
  std::vector<AuditEntry> audit_;
};

}  // namespace c4a
