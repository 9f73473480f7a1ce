#pragma once

// MetadataStore in one SQLite file (WAL, synchronous=FULL): the default, for one machine. Not for several gateways:
// they need a database server. Writes that wait together share one commit; see sqlite_database.h.

#include <memory>
#include <string>

#include "metadata_store/metadata_store.h"
#include "metadata_store/metadata_tables.h"

namespace c4a {

class SqliteDatabase;

class SqliteMetadataStore final : public MetadataStore, public MetadataSource {
 public:
  // Opens or creates the file; its folder must exist. Several processes may have it open.
  // Fails with: kUnavailable, kCorrupt (no database, or damaged), kConflict (written by a newer version).
  static Result<std::unique_ptr<SqliteMetadataStore>> open(const std::string& path);
  ~SqliteMetadataStore() override;

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

  Result<> read_table(MetadataTable table, const std::function<Result<>(MetadataRow&&)>& visit) override;

 private:
  explicit SqliteMetadataStore(std::unique_ptr<SqliteDatabase> database);

  std::unique_ptr<SqliteDatabase> database_;
};

}  // namespace c4a
