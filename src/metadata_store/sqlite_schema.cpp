#include "metadata_store/sqlite_schema.h"

#include <iterator>

namespace c4a {
namespace {

// Times are milliseconds since 1970, ids 16 bytes, hashes 32 bytes.
constexpr const char* kVersion1 = R"sql(
CREATE TABLE users (
  user_id TEXT NOT NULL PRIMARY KEY,
  display_name TEXT,
  metadata TEXT NOT NULL,
  password_hash TEXT,
  created_at BIGINT NOT NULL,
  state SMALLINT NOT NULL,  -- 0 active, 1 being deleted, 2 deleted
  deleted_at BIGINT
) WITHOUT ROWID;
CREATE INDEX users_being_deleted ON users (user_id) WHERE state = 1;

CREATE TABLE api_keys (
  key_id BLOB NOT NULL PRIMARY KEY,
  client_id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  scopes TEXT NOT NULL,  -- comma-separated
  key_hash BLOB NOT NULL UNIQUE,
  created_at BIGINT NOT NULL,
  last_used_at BIGINT,
  is_bootstrap SMALLINT NOT NULL
);
CREATE INDEX api_keys_by_age ON api_keys (created_at, key_id);

CREATE TABLE refresh_families (
  family_id BLOB NOT NULL PRIMARY KEY,
  subject TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT
) WITHOUT ROWID;
CREATE INDEX refresh_families_by_subject ON refresh_families (subject);
CREATE INDEX refresh_families_by_expiry ON refresh_families (expires_at);

CREATE TABLE refresh_tokens (
  token_hash BLOB NOT NULL PRIMARY KEY,
  family_id BLOB NOT NULL REFERENCES refresh_families (family_id) ON DELETE CASCADE,
  used_at BIGINT,
  expires_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX refresh_tokens_by_family ON refresh_tokens (family_id);
CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expires_at);

CREATE TABLE revocations (
  kind SMALLINT NOT NULL,
  id TEXT NOT NULL,
  not_before BIGINT NOT NULL,
  recorded_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE INDEX revocations_by_record ON revocations (recorded_at);
CREATE INDEX revocations_by_expiry ON revocations (expires_at);

CREATE TABLE signing_keys (
  kid TEXT NOT NULL PRIMARY KEY,
  private_key BLOB NOT NULL,
  created_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE idempotency (
  caller TEXT NOT NULL,
  path TEXT NOT NULL,
  idempotency_key TEXT NOT NULL,
  body_hash BLOB NOT NULL,
  created_at BIGINT NOT NULL,
  response_status INTEGER,  -- NULL while the request runs
  response_headers TEXT,
  response_body BLOB,
  PRIMARY KEY (caller, path, idempotency_key)
);
CREATE INDEX idempotency_by_age ON idempotency (created_at);

CREATE TABLE audit_entries (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  audit_id BLOB NOT NULL UNIQUE,
  recorded_at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  object_type TEXT NOT NULL,
  object_id TEXT NOT NULL,
  details TEXT NOT NULL
);
CREATE TRIGGER audit_entries_never_change BEFORE UPDATE ON audit_entries
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_entries_never_go BEFORE DELETE ON audit_entries
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
)sql";

constexpr const char* kVersion2 = R"sql(
CREATE TABLE undecided_sends (
  conversation_id BLOB NOT NULL,
  message_id BLOB NOT NULL,
  digest BLOB NOT NULL,  -- 16 bytes
  sender TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (conversation_id, message_id)
) WITHOUT ROWID;
CREATE INDEX undecided_sends_by_expiry ON undecided_sends (expires_at);
)sql";

constexpr const char* kVersions[] = {kVersion1, kVersion2};

}  // namespace

int newest_schema_version() { return static_cast<int>(std::size(kVersions)); }

Result<int> schema_version(SqliteConnection& connection) {
  {
    C4A_TRY(SqliteRows rows, connection.query("SELECT 1 FROM sqlite_master WHERE name = 'schema_version'"));
    C4A_TRY(const bool found, rows.next());
    if (!found) return 0;
  }
  C4A_TRY(SqliteRows rows, connection.query("SELECT version FROM schema_version"));
  C4A_TRY(const bool found, rows.next());
  return found ? static_cast<int>(rows.integer(0)) : 0;
}

Result<> migrate_schema(SqliteConnection& connection) {
  C4A_TRY(const int stored, schema_version(connection));
  if (stored >= newest_schema_version()) return {};
  if (stored == 0) {
    C4A_CHECK(
        connection.script("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL);"
                          "INSERT INTO schema_version (version) VALUES (0);"));
  }
  for (int version = stored; version < newest_schema_version(); ++version) {
    C4A_CHECK(connection.script(kVersions[version]));
  }
  C4A_CHECK(connection.run("UPDATE schema_version SET version = ?", {newest_schema_version()}));
  return {};
}

}  // namespace c4a
