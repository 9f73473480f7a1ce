#include "metadata_store/sqlite_database.h"
#include "metadata_store/sqlite_metadata_store.h"

namespace c4a {
namespace {

struct FoundToken {
  Uuid family_id;
  std::string subject;
  bool used = false;
  bool family_revoked = false;
  TimestampMs expires_at = 0;
};

Result<std::optional<FoundToken>> find_token(SqliteConnection& connection, std::string_view token_hash) {
  C4A_TRY(SqliteRows rows,
          connection.query("SELECT f.family_id, f.subject, t.used_at, f.revoked_at, t.expires_at FROM refresh_tokens t "
                           "JOIN refresh_families f ON f.family_id = t.family_id WHERE t.token_hash = ?",
                           {SqliteBlob{token_hash}}));
  C4A_TRY(const bool found, rows.next());
  if (!found) return std::nullopt;
  C4A_TRY(const Uuid family_id, rows.uuid(0));
  return FoundToken{family_id, rows.text(1), rows.optional_integer(2).has_value(), rows.optional_integer(3).has_value(),
                    rows.integer(4)};
}

Result<> insert_token(SqliteConnection& connection, std::string_view token_hash, const Uuid& family_id,
                      TimestampMs expires_at) {
  C4A_CHECK(connection.run("INSERT INTO refresh_tokens (token_hash, family_id, expires_at) VALUES (?, ?, ?)",
                           {SqliteBlob{token_hash}, family_id, expires_at}));
  return {};
}

Result<> put_revocation(SqliteConnection& connection, const Revocation& revocation) {
  C4A_CHECK(
      connection.run("INSERT INTO revocations (kind, id, not_before, recorded_at, expires_at) VALUES (?, ?, ?, ?, ?) "
                     "ON CONFLICT (kind, id) DO UPDATE SET recorded_at = excluded.recorded_at, "
                     "not_before = CASE WHEN excluded.not_before > revocations.not_before THEN excluded.not_before "
                     "ELSE revocations.not_before END, "
                     "expires_at = CASE WHEN excluded.expires_at > revocations.expires_at THEN excluded.expires_at "
                     "ELSE revocations.expires_at END",
                     {static_cast<int>(revocation.kind), revocation.id, revocation.not_before, revocation.recorded_at,
                      revocation.expires_at}));
  return {};
}

Result<> revoke_family(SqliteConnection& connection, const Uuid& family_id, TimestampMs now,
                       TimestampMs access_tokens_end_at) {
  C4A_CHECK(connection.run("UPDATE refresh_families SET revoked_at = ? WHERE family_id = ?", {now, family_id}));
  return put_revocation(connection, {Revocation::Kind::kFamily, family_id.str(), 0, now, access_tokens_end_at});
}

}  // namespace

Result<> SqliteMetadataStore::create_refresh_family(const RefreshFamily& family) {
  return database_->write([&](SqliteConnection& connection) -> Result<> {
    C4A_CHECK(
        connection.run("INSERT INTO refresh_families (family_id, subject, created_at, expires_at) VALUES (?, ?, ?, ?)",
                       {family.family_id, family.subject, family.created_at, family.expires_at}));
    return insert_token(connection, family.token_hash, family.family_id, family.expires_at);
  });
}

Result<RefreshOutcome> SqliteMetadataStore::rotate_refresh_token(const RefreshRotation& rotation) {
  return database_->write([&](SqliteConnection& connection) -> Result<RefreshOutcome> {
    C4A_TRY(const auto token, find_token(connection, rotation.old_hash));
    if (!token || token->family_revoked || token->expires_at <= rotation.now) return RefreshOutcome{};
    if (token->used) {
      C4A_CHECK(revoke_family(connection, token->family_id, rotation.now, rotation.access_tokens_end_at));
      return RefreshOutcome{RefreshOutcome::Kind::kReused, token->family_id, token->subject};
    }
    C4A_CHECK(connection.run("UPDATE refresh_tokens SET used_at = ? WHERE token_hash = ?",
                             {rotation.now, SqliteBlob{rotation.old_hash}}));
    C4A_CHECK(insert_token(connection, rotation.new_hash, token->family_id, rotation.new_expires_at));
    C4A_CHECK(connection.run("UPDATE refresh_families SET expires_at = ? WHERE family_id = ? AND expires_at < ?",
                             {rotation.new_expires_at, token->family_id, rotation.new_expires_at}));
    return RefreshOutcome{RefreshOutcome::Kind::kRotated, token->family_id, token->subject};
  });
}

Result<std::optional<Uuid>> SqliteMetadataStore::revoke_refresh_token(std::string_view token_hash, TimestampMs now,
                                                                      TimestampMs access_tokens_end_at) {
  return database_->write([&](SqliteConnection& connection) -> Result<std::optional<Uuid>> {
    C4A_TRY(const auto token, find_token(connection, token_hash));
    if (!token || token->family_revoked) return std::nullopt;
    C4A_CHECK(revoke_family(connection, token->family_id, now, access_tokens_end_at));
    return token->family_id;
  });
}

Result<> SqliteMetadataStore::revoke(const Revocation& revocation) {
  return database_->write([&](SqliteConnection& connection) -> Result<> {
    if (revocation.kind == Revocation::Kind::kSubject) {
      C4A_CHECK(connection.run("UPDATE refresh_families SET revoked_at = ? WHERE subject = ? AND revoked_at IS NULL",
                               {revocation.recorded_at, revocation.id}));
    }
    return put_revocation(connection, revocation);
  });
}

Result<std::vector<Revocation>> SqliteMetadataStore::revocations(TimestampMs now, TimestampMs recorded_from) {
  return database_->read([&](SqliteConnection& connection) -> Result<std::vector<Revocation>> {
    C4A_TRY(SqliteRows rows, connection.query("SELECT kind, id, not_before, recorded_at, expires_at FROM revocations "
                                              "WHERE recorded_at >= ? AND expires_at > ? ORDER BY recorded_at",
                                              {recorded_from, now}));
    std::vector<Revocation> revocations;
    while (true) {
      C4A_TRY(const bool more, rows.next());
      if (!more) return revocations;
      revocations.push_back({static_cast<Revocation::Kind>(rows.integer(0)), rows.text(1), rows.integer(2),
                             rows.integer(3), rows.integer(4)});
    }
  });
}

Result<> SqliteMetadataStore::add_signing_key(const SigningKeyRecord& key) {
  return database_->write([&](SqliteConnection& connection) -> Result<> {
    C4A_CHECK(
        connection.run("INSERT INTO signing_keys (kid, private_key, created_at) VALUES (?, ?, ?) "
                       "ON CONFLICT (kid) DO NOTHING",
                       {key.kid, SqliteBlob{key.private_key}, key.created_at}));
    return {};
  });
}

Result<std::vector<SigningKeyRecord>> SqliteMetadataStore::signing_keys() {
  return database_->read([](SqliteConnection& connection) -> Result<std::vector<SigningKeyRecord>> {
    C4A_TRY(SqliteRows rows,
            connection.query("SELECT kid, private_key, created_at FROM signing_keys ORDER BY created_at, kid"));
    std::vector<SigningKeyRecord> keys;
    while (true) {
      C4A_TRY(const bool more, rows.next());
      if (!more) return keys;
      keys.push_back({rows.text(0), rows.text(1), rows.integer(2)});
    }
  });
}

}  // namespace c4a
