#include "metadata_store/postgres/postgres_database.h"
#include "metadata_store/postgres/postgres_digest.h"
#include "metadata_store/postgres/postgres_metadata_store.h"
#include "metadata_store/postgres/postgres_statements.h"

namespace c4a {
namespace {

struct FoundToken {
  Uuid family_id;
  std::string subject;
  bool used = false;
  bool family_revoked = false;
  TimestampMs expires_at = 0;
};

Result<std::optional<FoundToken>> find_token(PostgresTransaction& transaction, std::string_view token_hash) {
  C4A_TRY(const auto rows, transaction.run(sql::kFindToken, {PostgresBlob{token_hash}}));
  if (rows.empty()) return std::nullopt;
  C4A_TRY(const Uuid family_id, rows.uuid(0, 0));
  return FoundToken{family_id, rows.text(0, 1), rows.optional_integer(0, 2).has_value(),
                    rows.optional_integer(0, 3).has_value(), rows.integer(0, 4)};
}

Result<> insert_token(PostgresTransaction& transaction, std::string_view token_hash, const Uuid& family_id,
                      TimestampMs expires_at) {
  C4A_CHECK(transaction.run(sql::kCreateToken, {PostgresBlob{token_hash}, family_id, expires_at}));
  return {};
}

Result<> put_revocation(PostgresTransaction& transaction, const Revocation& revocation) {
  const std::string id_hash = postgres_digest({revocation.id});
  C4A_CHECK(
      transaction.run(sql::kPutRevocation, {static_cast<int>(revocation.kind), PostgresBlob{id_hash}, revocation.id,
                                            revocation.not_before, revocation.recorded_at, revocation.expires_at}));
  return {};
}

Result<> revoke_family(PostgresTransaction& transaction, const Uuid& family_id, TimestampMs now,
                       TimestampMs access_tokens_end_at) {
  C4A_CHECK(transaction.run(sql::kRevokeFamily, {family_id, now}));
  return put_revocation(transaction, {Revocation::Kind::kFamily, family_id.str(), 0, now, access_tokens_end_at});
}

Result<RefreshOutcome> rotate(PostgresTransaction& transaction, const RefreshRotation& rotation) {
  C4A_TRY(const auto token, find_token(transaction, rotation.old_hash));
  if (!token || token->family_revoked || token->expires_at <= rotation.now) return RefreshOutcome{};
  if (token->used) {
    C4A_CHECK(revoke_family(transaction, token->family_id, rotation.now, rotation.access_tokens_end_at));
    return RefreshOutcome{RefreshOutcome::Kind::kReused, token->family_id, token->subject};
  }
  C4A_CHECK(transaction.run(sql::kUseToken, {PostgresBlob{rotation.old_hash}, rotation.now}));
  C4A_CHECK(insert_token(transaction, rotation.new_hash, token->family_id, rotation.new_expires_at));
  C4A_CHECK(transaction.run(sql::kExtendFamily, {token->family_id, rotation.new_expires_at}));
  return RefreshOutcome{RefreshOutcome::Kind::kRotated, token->family_id, token->subject};
}

}  // namespace

Result<> PostgresMetadataStore::create_refresh_family(const RefreshFamily& family) {
  return database_->transaction([&](PostgresTransaction& transaction) -> Result<> {
    C4A_CHECK(
        transaction.run(sql::kCreateFamily, {family.family_id, family.subject, family.created_at, family.expires_at}));
    return insert_token(transaction, family.token_hash, family.family_id, family.expires_at);
  });
}

Result<RefreshOutcome> PostgresMetadataStore::rotate_refresh_token(const RefreshRotation& rotation) {
  return database_->transaction([&](PostgresTransaction& transaction) { return rotate(transaction, rotation); });
}

Result<std::optional<Uuid>> PostgresMetadataStore::revoke_refresh_token(std::string_view token_hash, TimestampMs now,
                                                                        TimestampMs access_tokens_end_at) {
  return database_->transaction([&](PostgresTransaction& transaction) -> Result<std::optional<Uuid>> {
    C4A_TRY(const auto token, find_token(transaction, token_hash));
    if (!token || token->family_revoked) return std::nullopt;
    C4A_CHECK(revoke_family(transaction, token->family_id, now, access_tokens_end_at));
    return token->family_id;
  });
}

Result<> PostgresMetadataStore::revoke(const Revocation& revocation) {
  return database_->transaction([&](PostgresTransaction& transaction) -> Result<> {
    if (revocation.kind == Revocation::Kind::kSubject) {
      C4A_CHECK(transaction.run(sql::kRevokeSubject, {revocation.id, revocation.recorded_at}));
    }
    return put_revocation(transaction, revocation);
  });
}

Result<std::vector<Revocation>> PostgresMetadataStore::revocations(TimestampMs now, TimestampMs recorded_from) {
  C4A_TRY(const auto rows, database_->read(sql::kRevocations, {recorded_from, now}));
  std::vector<Revocation> revocations;
  for (int row = 0; row < rows.size(); ++row) {
    revocations.push_back({static_cast<Revocation::Kind>(rows.integer(row, 0)), rows.text(row, 1), rows.integer(row, 2),
                           rows.integer(row, 3), rows.integer(row, 4)});
  }
  return revocations;
}

Result<> PostgresMetadataStore::add_signing_key(const SigningKeyRecord& key) {
  C4A_CHECK(database_->write(sql::kAddSigningKey, {key.kid, PostgresBlob{key.private_key}, key.created_at}));
  return {};
}

Result<std::vector<SigningKeyRecord>> PostgresMetadataStore::signing_keys() {
  C4A_TRY(const auto rows, database_->read(sql::kSigningKeys));
  std::vector<SigningKeyRecord> keys;
  for (int row = 0; row < rows.size(); ++row) {
    keys.push_back({rows.text(row, 0), rows.blob(row, 1), rows.integer(row, 2)});
  }
  return keys;
}

}  // namespace c4a
