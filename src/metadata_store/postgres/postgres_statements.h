#pragma once

// Every statement that the store sends, but for the schema (postgres_schema.cpp). All are in the subset of SQL that
// PostgreSQL and CockroachDB share; `make check` parses them out of this file and refuses what lies outside it, so each
// stands whole in one raw string: no macros, no concatenation.
//
// What the program runs by itself in a transaction is SERIALIZABLE. A statement alone is its own transaction at the
// server's default level: each of those reads and writes one row by key, or does not mind what happens beside it.

#include "metadata_store/postgres/postgres_statement.h"

namespace c4a::sql {

// --- Sessions and transactions ---

// The server ends a statement, or a transaction whose client is gone, by itself.
inline constexpr PostgresStatement kConfigure{"configure", R"sql(
SELECT set_config('statement_timeout', $1, false), set_config('idle_in_transaction_session_timeout', $2, false)
)sql"};
inline constexpr PostgresStatement kBegin{"begin", R"sql(BEGIN ISOLATION LEVEL SERIALIZABLE)sql"};
inline constexpr PostgresStatement kCommit{"commit", R"sql(COMMIT)sql"};
inline constexpr PostgresStatement kRollback{"rollback", R"sql(ROLLBACK)sql"};

// --- Schema ---

inline constexpr PostgresStatement kSchemaVersion{"schema_version", R"sql(
SELECT COALESCE(MAX(version), 0) FROM schema_migrations
)sql"};
inline constexpr PostgresStatement kRecordMigration{"record_migration", R"sql(
INSERT INTO schema_migrations (version, applied_at) VALUES ($1, $2) ON CONFLICT (version) DO NOTHING
)sql"};
// A real write: a full disk, or a standby, answers every read.
inline constexpr PostgresStatement kCheckWrite{"check_write", R"sql(
UPDATE schema_migrations SET applied_at = applied_at WHERE version = 1
)sql"};

// --- Users ---

inline constexpr PostgresStatement kCreateUser{"create_user", R"sql(
INSERT INTO users (user_id, display_name, metadata, password_hash, created_at, state)
VALUES ($1, $2, $3, $4, $5, 0) ON CONFLICT (user_id) DO NOTHING
)sql"};
inline constexpr PostgresStatement kReadUser{"read_user", R"sql(
SELECT display_name, metadata, password_hash, created_at FROM users WHERE user_id = $1 AND state = 0
)sql"};
// The lock makes editors of one user wait for each other at the start, where a retry costs least.
inline constexpr PostgresStatement kLockUser{"lock_user", R"sql(
SELECT display_name, metadata, password_hash, created_at FROM users WHERE user_id = $1 AND state = 0 FOR UPDATE
)sql"};
inline constexpr PostgresStatement kUpdateUser{"update_user", R"sql(
UPDATE users SET display_name = $2, metadata = $3, password_hash = $4 WHERE user_id = $1
)sql"};
inline constexpr PostgresStatement kExistingUsers{"existing_users", R"sql(
SELECT user_id FROM users WHERE user_id = ANY ($1::TEXT[]) AND state = 0
)sql"};
inline constexpr PostgresStatement kBeginUserDeletion{"begin_user_deletion", R"sql(
UPDATE users SET state = 1, deleted_at = COALESCE(deleted_at, $2), password_hash = NULL
WHERE user_id = $1 AND state <> 2
)sql"};
inline constexpr PostgresStatement kFinishUserDeletion{"finish_user_deletion", R"sql(
UPDATE users SET state = 2, display_name = NULL, metadata = '{}' WHERE user_id = $1 AND state = 1
)sql"};
inline constexpr PostgresStatement kUsersBeingDeleted{"users_being_deleted", R"sql(
SELECT user_id FROM users WHERE state = 1 ORDER BY user_id
)sql"};

// --- API keys ---

inline constexpr PostgresStatement kCreateKey{"create_key", R"sql(
INSERT INTO api_keys (key_id, client_id, name, scopes, key_hash, created_at, last_used_at, is_bootstrap)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
)sql"};
inline constexpr PostgresStatement kKeyByHash{"key_by_hash", R"sql(
SELECT key_id, client_id, name, scopes, key_hash, created_at, last_used_at, is_bootstrap
FROM api_keys WHERE key_hash = $1
)sql"};
inline constexpr PostgresStatement kKeyByClientId{"key_by_client_id", R"sql(
SELECT key_id, client_id, name, scopes, key_hash, created_at, last_used_at, is_bootstrap
FROM api_keys WHERE client_id = $1
)sql"};
inline constexpr PostgresStatement kBootstrapKey{"bootstrap_key", R"sql(
SELECT key_id, client_id, name, scopes, key_hash, created_at, last_used_at, is_bootstrap
FROM api_keys WHERE is_bootstrap
)sql"};
inline constexpr PostgresStatement kKeysPage{"keys_page", R"sql(
SELECT key_id, client_id, name, scopes, key_hash, created_at, last_used_at, is_bootstrap
FROM api_keys WHERE (created_at, key_id) > ($1::BIGINT, $2::UUID) ORDER BY created_at, key_id LIMIT $3
)sql"};
inline constexpr PostgresStatement kDeleteKey{"delete_key", R"sql(
DELETE FROM api_keys WHERE key_id = $1
RETURNING key_id, client_id, name, scopes, key_hash, created_at, last_used_at, is_bootstrap
)sql"};
inline constexpr PostgresStatement kDeleteBootstrapKey{"delete_bootstrap_key", R"sql(
DELETE FROM api_keys WHERE is_bootstrap
RETURNING key_id, client_id, name, scopes, key_hash, created_at, last_used_at, is_bootstrap
)sql"};
inline constexpr PostgresStatement kRecordKeyUse{"record_key_use", R"sql(
UPDATE api_keys SET last_used_at = $2 WHERE key_id = $1 AND (last_used_at IS NULL OR last_used_at < $2)
)sql"};

// --- Refresh tokens ---

inline constexpr PostgresStatement kCreateFamily{"create_family", R"sql(
INSERT INTO refresh_families (family_id, subject, created_at, expires_at) VALUES ($1, $2, $3, $4)
)sql"};
inline constexpr PostgresStatement kCreateToken{"create_token", R"sql(
INSERT INTO refresh_tokens (token_hash, family_id, expires_at) VALUES ($1, $2, $3)
)sql"};
inline constexpr PostgresStatement kFindToken{"find_token", R"sql(
SELECT f.family_id, f.subject, t.used_at, f.revoked_at, t.expires_at FROM refresh_tokens AS t
JOIN refresh_families AS f ON f.family_id = t.family_id WHERE t.token_hash = $1
)sql"};
inline constexpr PostgresStatement kUseToken{"use_token", R"sql(
UPDATE refresh_tokens SET used_at = $2 WHERE token_hash = $1
)sql"};
inline constexpr PostgresStatement kExtendFamily{"extend_family", R"sql(
UPDATE refresh_families SET expires_at = $2 WHERE family_id = $1 AND expires_at < $2
)sql"};
inline constexpr PostgresStatement kRevokeFamily{"revoke_family", R"sql(
UPDATE refresh_families SET revoked_at = $2 WHERE family_id = $1
)sql"};
inline constexpr PostgresStatement kRevokeSubject{"revoke_subject", R"sql(
UPDATE refresh_families SET revoked_at = $2 WHERE subject = $1 AND revoked_at IS NULL
)sql"};

// --- Revocations, signing keys ---

inline constexpr PostgresStatement kPutRevocation{"put_revocation", R"sql(
INSERT INTO revocations (kind, id_hash, id, not_before, recorded_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (kind, id_hash) DO UPDATE SET recorded_at = excluded.recorded_at,
not_before = CASE WHEN excluded.not_before > revocations.not_before THEN excluded.not_before
ELSE revocations.not_before END,
expires_at = CASE WHEN excluded.expires_at > revocations.expires_at THEN excluded.expires_at
ELSE revocations.expires_at END
)sql"};
inline constexpr PostgresStatement kRevocations{"revocations", R"sql(
SELECT kind, id, not_before, recorded_at, expires_at FROM revocations
WHERE recorded_at >= $1 AND expires_at > $2 ORDER BY recorded_at
)sql"};
inline constexpr PostgresStatement kAddSigningKey{"add_signing_key", R"sql(
INSERT INTO signing_keys (kid, private_key, created_at) VALUES ($1, $2, $3) ON CONFLICT (kid) DO NOTHING
)sql"};
inline constexpr PostgresStatement kSigningKeys{"signing_keys", R"sql(
SELECT kid, private_key, created_at FROM signing_keys ORDER BY created_at, kid
)sql"};

// --- Idempotency keys ---

// Touches a row where there was none, or one that counts as absent: exactly one of many callers.
inline constexpr PostgresStatement kBeginRequest{"begin_request", R"sql(
INSERT INTO idempotency (request_hash, caller, path, idempotency_key, body_hash, created_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (request_hash) DO UPDATE SET body_hash = excluded.body_hash, created_at = excluded.created_at,
response_status = NULL, response_headers = NULL, response_body = NULL
WHERE idempotency.created_at <= $7
)sql"};
inline constexpr PostgresStatement kReadRequest{"read_request", R"sql(
SELECT body_hash, response_status, response_headers, response_body FROM idempotency WHERE request_hash = $1
)sql"};
inline constexpr PostgresStatement kFinishRequest{"finish_request", R"sql(
UPDATE idempotency SET response_status = $2, response_headers = $3, response_body = $4
WHERE request_hash = $1 AND response_status IS NULL
)sql"};
inline constexpr PostgresStatement kAbandonRequest{"abandon_request", R"sql(
DELETE FROM idempotency WHERE request_hash = $1 AND response_status IS NULL
)sql"};
inline constexpr PostgresStatement kAbandonInterrupted{"abandon_interrupted", R"sql(
DELETE FROM idempotency WHERE response_status IS NULL AND created_at < $1
)sql"};

// --- Sends answered before they were decided ---

// Touches a row where there was none, or one that counts as absent: exactly one of many callers.
inline constexpr PostgresStatement kNoteUndecided{"note_undecided", R"sql(
INSERT INTO undecided_sends (conversation_id, message_id, digest, sender, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (conversation_id, message_id) DO UPDATE SET digest = excluded.digest, sender = excluded.sender,
created_at = excluded.created_at, expires_at = excluded.expires_at
WHERE undecided_sends.expires_at <= excluded.created_at
)sql"};
inline constexpr PostgresStatement kReadUndecided{"read_undecided", R"sql(
SELECT digest, sender, created_at, expires_at FROM undecided_sends WHERE conversation_id = $1 AND message_id = $2
)sql"};

// --- Audit trail ---

inline constexpr PostgresStatement kAppendAudit{"append_audit", R"sql(
INSERT INTO audit_entries (position, audit_id, recorded_at, actor, action, object_type, object_id, details)
VALUES (nextval('audit_positions'), $1, $2, $3, $4, $5, $6, $7)
)sql"};
inline constexpr PostgresStatement kAuditPage{"audit_page", R"sql(
SELECT position, audit_id, recorded_at, actor, action, object_type, object_id, details
FROM audit_entries WHERE position < $1 ORDER BY position DESC LIMIT $2
)sql"};

// --- What has expired, a bounded number of rows at a time ---

inline constexpr PostgresStatement kPurgeTokens{"purge_tokens", R"sql(
DELETE FROM refresh_tokens WHERE token_hash IN
(SELECT token_hash FROM refresh_tokens WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)
)sql"};
inline constexpr PostgresStatement kPurgeFamilies{"purge_families", R"sql(
DELETE FROM refresh_families WHERE expires_at <= $1 AND family_id IN
(SELECT family_id FROM refresh_families WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)
)sql"};
inline constexpr PostgresStatement kPurgeRevocations{"purge_revocations", R"sql(
DELETE FROM revocations WHERE expires_at <= $1 AND (kind, id_hash) IN
(SELECT kind, id_hash FROM revocations WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)
)sql"};
inline constexpr PostgresStatement kPurgeRequests{"purge_requests", R"sql(
DELETE FROM idempotency WHERE created_at <= $1 AND request_hash IN
(SELECT request_hash FROM idempotency WHERE created_at <= $1 ORDER BY created_at LIMIT $2)
)sql"};
inline constexpr PostgresStatement kPurgeUndecided{"purge_undecided", R"sql(
DELETE FROM undecided_sends WHERE expires_at <= $1 AND (conversation_id, message_id) IN
(SELECT conversation_id, message_id FROM undecided_sends WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)
)sql"};

// --- Whole tables, for moving an installation: nobody writes while pages are read ---

inline constexpr PostgresStatement kUsersRows{"users_rows", R"sql(
SELECT user_id, display_name, metadata, password_hash, created_at, state, deleted_at
FROM users ORDER BY user_id LIMIT $1 OFFSET $2
)sql"};
inline constexpr PostgresStatement kKeysRows{"keys_rows", R"sql(
SELECT key_id, client_id, name, scopes, key_hash, created_at, last_used_at, is_bootstrap
FROM api_keys ORDER BY key_id LIMIT $1 OFFSET $2
)sql"};
inline constexpr PostgresStatement kFamiliesRows{"families_rows", R"sql(
SELECT family_id, subject, created_at, expires_at, revoked_at
FROM refresh_families ORDER BY family_id LIMIT $1 OFFSET $2
)sql"};
inline constexpr PostgresStatement kTokensRows{"tokens_rows", R"sql(
SELECT token_hash, family_id, used_at, expires_at
FROM refresh_tokens ORDER BY token_hash LIMIT $1 OFFSET $2
)sql"};
inline constexpr PostgresStatement kRevocationsRows{"revocations_rows", R"sql(
SELECT kind, id, not_before, recorded_at, expires_at
FROM revocations ORDER BY kind, id_hash LIMIT $1 OFFSET $2
)sql"};
inline constexpr PostgresStatement kSigningKeysRows{"signing_keys_rows", R"sql(
SELECT kid, private_key, created_at
FROM signing_keys ORDER BY kid LIMIT $1 OFFSET $2
)sql"};
inline constexpr PostgresStatement kIdempotencyRows{"idempotency_rows", R"sql(
SELECT caller, path, idempotency_key, body_hash, created_at, response_status, response_headers, response_body
FROM idempotency ORDER BY request_hash LIMIT $1 OFFSET $2
)sql"};
inline constexpr PostgresStatement kUndecidedRows{"undecided_rows", R"sql(
SELECT conversation_id, message_id, digest, sender, created_at, expires_at
FROM undecided_sends ORDER BY conversation_id, message_id LIMIT $1 OFFSET $2
)sql"};
inline constexpr PostgresStatement kAuditRows{"audit_rows", R"sql(
SELECT audit_id, recorded_at, actor, action, object_type, object_id, details
FROM audit_entries ORDER BY position LIMIT $1 OFFSET $2
)sql"};

inline constexpr PostgresStatement kPutUserRow{"put_user_row", R"sql(
INSERT INTO users (user_id, display_name, metadata, password_hash, created_at, state, deleted_at)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (user_id) DO NOTHING
)sql"};
inline constexpr PostgresStatement kPutKeyRow{"put_key_row", R"sql(
INSERT INTO api_keys (key_id, client_id, name, scopes, key_hash, created_at, last_used_at, is_bootstrap)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (key_id) DO NOTHING
)sql"};
inline constexpr PostgresStatement kPutFamilyRow{"put_family_row", R"sql(
INSERT INTO refresh_families (family_id, subject, created_at, expires_at, revoked_at)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT (family_id) DO NOTHING
)sql"};
inline constexpr PostgresStatement kPutTokenRow{"put_token_row", R"sql(
INSERT INTO refresh_tokens (token_hash, family_id, used_at, expires_at)
VALUES ($1, $2, $3, $4) ON CONFLICT (token_hash) DO NOTHING
)sql"};
inline constexpr PostgresStatement kPutRevocationRow{"put_revocation_row", R"sql(
INSERT INTO revocations (kind, id_hash, id, not_before, recorded_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (kind, id_hash) DO NOTHING
)sql"};
inline constexpr PostgresStatement kPutIdempotencyRow{"put_idempotency_row", R"sql(
INSERT INTO idempotency (request_hash, caller, path, idempotency_key, body_hash, created_at, response_status,
response_headers, response_body)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (request_hash) DO NOTHING
)sql"};
inline constexpr PostgresStatement kPutUndecidedRow{"put_undecided_row", R"sql(
INSERT INTO undecided_sends (conversation_id, message_id, digest, sender, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (conversation_id, message_id) DO NOTHING
)sql"};
inline constexpr PostgresStatement kPutAuditRow{"put_audit_row", R"sql(
INSERT INTO audit_entries (position, audit_id, recorded_at, actor, action, object_type, object_id, details)
VALUES (nextval('audit_positions'), $1, $2, $3, $4, $5, $6, $7) ON CONFLICT (audit_id) DO NOTHING
)sql"};

}  // namespace c4a::sql
