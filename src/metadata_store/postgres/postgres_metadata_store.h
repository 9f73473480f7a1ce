#pragma once

// MetadataStore on a server of the PostgreSQL protocol: for several gateways and routers over one database. Not for one
// machine alone: SqliteMetadataStore needs no server there. The SQL is what PostgreSQL and CockroachDB share.

#include <chrono>
#include <memory>
#include <string>

#include "metadata_store/metadata_store.h"
#include "metadata_store/metadata_tables.h"

namespace c4a {

class PostgresDatabase;

struct PostgresMetadataStoreOptions {
  // libpq's, as `name=value …` or as a URI. Several hosts: host=a,b,c with target_session_attrs=read-write. TLS by
  // sslmode and sslrootcert. Its connect_timeout counts for nothing: the one below does.
  std::string connection_string;
  std::size_t pool_size = 16;                       // connections, made when they are needed
  std::chrono::milliseconds connect_timeout{2000};  // for each host
  std::chrono::milliseconds connection_wait{2000};  // for one of the pool when all are taken
  std::chrono::milliseconds call_deadline{5000};    // for a call all in all: waiting, connecting, statements, retries
  std::chrono::milliseconds migration_deadline{60'000};  // for each statement of migrate()
};

// No call but migrate() blocks longer than `call_deadline`, whatever the server does (a host name's look-up has the
// system resolver's own limits). Transactions are SERIALIZABLE and run again when they conflict.
class PostgresMetadataStore final : public MetadataStore, public MetadataTarget {
 public:
  // Connects once. Every failure is one sentence that says what to do, and never holds the password.
  // Fails with: kUnavailable (not reached, refused, no rights), kValidationFailed (the options), kConflict (migrated by
  // a newer version), kCorrupt.
  static Result<std::unique_ptr<PostgresMetadataStore>> open(const PostgresMetadataStoreOptions& options);
  ~PostgresMetadataStore() override;

  // Safe when several processes do it at once. Statement by statement, not in one transaction; interrupted, it goes on
  // at the next call.
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
  Result<> put_rows(MetadataTable table, std::span<const MetadataRow> rows) override;

 private:
  explicit PostgresMetadataStore(std::unique_ptr<PostgresDatabase> database);

  std::unique_ptr<PostgresDatabase> database_;
};

}  // namespace c4a
