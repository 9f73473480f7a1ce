#include "metadata_store/postgres/postgres_schema.h"

#include <iterator>

namespace c4a {

constinit const PostgresStatement kMigrationsTable{"migrations_table", R"sql(
CREATE TABLE IF NOT EXISTS schema_migrations (version BIGINT NOT NULL PRIMARY KEY, applied_at BIGINT NOT NULL)
)sql"};

namespace {

// Times are milliseconds since 1970, hashes 32 bytes. Where a key could be longer than an index entry may be (2,704
// bytes), the primary key is its SHA-256.
constexpr PostgresStatement kVersion1[] = {
    {"users", R"sql(
CREATE TABLE IF NOT EXISTS users (
  user_id TEXT NOT NULL PRIMARY KEY,
  display_name TEXT,
  metadata TEXT NOT NULL,
  password_hash TEXT,
  created_at BIGINT NOT NULL,
  state BIGINT NOT NULL,  -- 0 active, 1 being deleted, 2 deleted
  deleted_at BIGINT
)
)sql"},
    {"users_being_deleted", R"sql(
CREATE INDEX IF NOT EXISTS users_being_deleted ON users (user_id) WHERE state = 1
)sql"},
    {"api_keys", R"sql(
CREATE TABLE IF NOT EXISTS api_keys (
  key_id UUID NOT NULL PRIMARY KEY,
  client_id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  scopes TEXT NOT NULL,  -- comma-separated
  key_hash BYTEA NOT NULL UNIQUE,
  created_at BIGINT NOT NULL,
  last_used_at BIGINT,
  is_bootstrap BOOLEAN NOT NULL
)
)sql"},
    {"api_keys_by_age", R"sql(
CREATE INDEX IF NOT EXISTS api_keys_by_age ON api_keys (created_at, key_id)
)sql"},
    {"api_keys_bootstrap", R"sql(
CREATE UNIQUE INDEX IF NOT EXISTS api_keys_bootstrap ON api_keys (is_bootstrap) WHERE is_bootstrap
)sql"},
    {"refresh_families", R"sql(
CREATE TABLE IF NOT EXISTS refresh_families (
  family_id UUID NOT NULL PRIMARY KEY,
  subject TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  revoked_at BIGINT
)
)sql"},
    {"refresh_families_by_subject", R"sql(
CREATE INDEX IF NOT EXISTS refresh_families_by_subject ON refresh_families (subject)
)sql"},
    {"refresh_families_by_expiry", R"sql(
CREATE INDEX IF NOT EXISTS refresh_families_by_expiry ON refresh_families (expires_at)
)sql"},
    {"refresh_tokens", R"sql(
CREATE TABLE IF NOT EXISTS refresh_tokens (
  token_hash BYTEA NOT NULL PRIMARY KEY,
  family_id UUID NOT NULL REFERENCES refresh_families (family_id) ON DELETE CASCADE,
  used_at BIGINT,
  expires_at BIGINT NOT NULL
)
)sql"},
    {"refresh_tokens_by_family", R"sql(
CREATE INDEX IF NOT EXISTS refresh_tokens_by_family ON refresh_tokens (family_id)
)sql"},
    {"refresh_tokens_by_expiry", R"sql(
CREATE INDEX IF NOT EXISTS refresh_tokens_by_expiry ON refresh_tokens (expires_at)
)sql"},
    {"revocations", R"sql(
CREATE TABLE IF NOT EXISTS revocations (
  kind BIGINT NOT NULL,
  id_hash BYTEA NOT NULL,
  id TEXT NOT NULL,
  not_before BIGINT NOT NULL,
  recorded_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (kind, id_hash)
)
)sql"},
    {"revocations_by_record", R"sql(
CREATE INDEX IF NOT EXISTS revocations_by_record ON revocations (recorded_at)
)sql"},
    {"revocations_by_expiry", R"sql(
CREATE INDEX IF NOT EXISTS revocations_by_expiry ON revocations (expires_at)
)sql"},
    {"signing_keys", R"sql(
CREATE TABLE IF NOT EXISTS signing_keys (
  kid TEXT NOT NULL PRIMARY KEY,
  private_key BYTEA NOT NULL,
  created_at BIGINT NOT NULL
)
)sql"},
    {"idempotency", R"sql(
CREATE TABLE IF NOT EXISTS idempotency (
  request_hash BYTEA NOT NULL PRIMARY KEY,  -- of caller, path and key
  caller TEXT NOT NULL,
  path TEXT NOT NULL,
  idempotency_key TEXT NOT NULL,
  body_hash BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  response_status BIGINT,  -- NULL while the request runs
  response_headers TEXT,
  response_body BYTEA
)
)sql"},
    {"idempotency_by_age", R"sql(
CREATE INDEX IF NOT EXISTS idempotency_by_age ON idempotency (created_at)
)sql"},
    // Positions may have gaps: they order the entries, nothing counts them.
    {"audit_positions", R"sql(
CREATE SEQUENCE IF NOT EXISTS audit_positions
)sql"},
    {"audit_entries", R"sql(
CREATE TABLE IF NOT EXISTS audit_entries (
  position BIGINT NOT NULL PRIMARY KEY,
  audit_id UUID NOT NULL UNIQUE,
  recorded_at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  object_type TEXT NOT NULL,
  object_id TEXT NOT NULL,
  details TEXT NOT NULL
)
)sql"},
};

constexpr PostgresStatement kVersion2[] = {
    {"undecided_sends", R"sql(
CREATE TABLE IF NOT EXISTS undecided_sends (
  conversation_id UUID NOT NULL,
  message_id UUID NOT NULL,
  digest BYTEA NOT NULL,  -- 16 bytes
  sender TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (conversation_id, message_id)
)
)sql"},
    {"undecided_sends_by_expiry", R"sql(
CREATE INDEX IF NOT EXISTS undecided_sends_by_expiry ON undecided_sends (expires_at)
)sql"},
};

constexpr std::span<const PostgresStatement> kVersions[] = {kVersion1, kVersion2};

}  // namespace

int newest_postgres_schema() { return static_cast<int>(std::size(kVersions)); }

std::span<const PostgresStatement> postgres_schema(int version) { return kVersions[version - 1]; }

}  // namespace c4a
