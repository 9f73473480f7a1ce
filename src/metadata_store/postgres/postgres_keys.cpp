#include "metadata_store/key_scopes.h"
#include "metadata_store/page_cursor.h"
#include "metadata_store/postgres/postgres_database.h"
#include "metadata_store/postgres/postgres_metadata_store.h"
#include "metadata_store/postgres/postgres_statements.h"

namespace c4a {
namespace {

Result<ApiKeyRecord> key_of(const PostgresRows& rows, int row) {
  C4A_TRY(const Uuid key_id, rows.uuid(row, 0));
  return ApiKeyRecord{key_id,
                      rows.text(row, 1),
                      rows.text(row, 2),
                      split_scopes(rows.text(row, 3)),
                      rows.blob(row, 4),
                      rows.integer(row, 5),
                      rows.optional_integer(row, 6),
                      rows.boolean(row, 7)};
}

Result<std::optional<ApiKeyRecord>> first_key(const PostgresRows& rows) {
  if (rows.empty()) return std::nullopt;
  return key_of(rows, 0);
}

// For both a statement alone and one of a transaction; `insert` is given its values.
template <class Insert>
Result<> insert_key(const ApiKeyRecord& key, const Insert& insert) {
  const std::string scopes = join_scopes(key.scopes);
  const auto inserted = insert({key.key_id, key.client_id, key.name, scopes, PostgresBlob{key.key_hash}, key.created_at,
                                key.last_used_at, key.is_bootstrap});
  if (inserted) return {};
  if (inserted.error().code != ErrorCode::kConflict) return fail(inserted.error());
  return fail(ErrorCode::kConflict, "An API key with this id or secret exists already.");
}

using Values = std::initializer_list<PostgresValue>;

Result<MetadataStore::AdminKeyChange> replace_admin_key(PostgresTransaction& transaction, const ApiKeyRecord& key) {
  C4A_TRY(const auto same_rows, transaction.run(sql::kKeyByHash, {PostgresBlob{key.key_hash}}));
  C4A_TRY(auto same, first_key(same_rows));
  if (same) return MetadataStore::AdminKeyChange{*std::move(same), {}};
  C4A_TRY(const auto earlier_rows, transaction.run(sql::kDeleteBootstrapKey));
  C4A_TRY(auto earlier, first_key(earlier_rows));
  ApiKeyRecord stored = key;
  stored.is_bootstrap = true;
  C4A_CHECK(insert_key(stored, [&](Values values) { return transaction.run(sql::kCreateKey, values); }));
  return MetadataStore::AdminKeyChange{std::move(stored), std::move(earlier)};
}

}  // namespace

Result<> PostgresMetadataStore::create_key(const ApiKeyRecord& key) {
  return insert_key(key, [&](Values values) { return database_->write(sql::kCreateKey, values); });
}

Result<std::optional<ApiKeyRecord>> PostgresMetadataStore::key_by_hash(std::string_view key_hash) {
  C4A_TRY(const auto rows, database_->read(sql::kKeyByHash, {PostgresBlob{key_hash}}));
  return first_key(rows);
}

Result<std::optional<ApiKeyRecord>> PostgresMetadataStore::key_by_client_id(std::string_view client_id) {
  C4A_TRY(const auto rows, database_->read(sql::kKeyByClientId, {client_id}));
  return first_key(rows);
}

Result<MetadataPage<ApiKeyRecord>> PostgresMetadataStore::keys(const std::optional<std::string>& cursor,
                                                               std::size_t limit) {
  C4A_TRY(const KeyCursor after, KeyCursor::parse(cursor));
  C4A_TRY(const auto rows, database_->read(sql::kKeysPage, {after.created_at, after.key_id, limit + 1}));
  MetadataPage<ApiKeyRecord> page;
  for (int row = 0; row < rows.size() && page.items.size() < limit; ++row) {
    C4A_TRY(ApiKeyRecord key, key_of(rows, row));
    page.items.push_back(std::move(key));
  }
  const bool more = static_cast<std::size_t>(rows.size()) > limit;
  if (more && limit > 0) page.next_cursor = KeyCursor{page.items.back().created_at, page.items.back().key_id}.text();
  return page;
}

Result<ApiKeyRecord> PostgresMetadataStore::delete_key(const Uuid& key_id) {
  C4A_TRY(const auto rows, database_->write(sql::kDeleteKey, {key_id}));
  if (rows.empty()) return fail(ErrorCode::kNotFound, "There is no API key with this id.");
  return key_of(rows, 0);
}

Result<MetadataStore::AdminKeyChange> PostgresMetadataStore::put_admin_key(const ApiKeyRecord& key) {
  const auto replace = [&](PostgresTransaction& transaction) { return replace_admin_key(transaction, key); };
  auto change = database_->transaction(replace);
  // Another process may have put its own in between: two that start with the same configuration do so.
  if (!change && change.error().code == ErrorCode::kConflict) change = database_->transaction(replace);
  return change;
}

Result<std::optional<ApiKeyRecord>> PostgresMetadataStore::admin_key() {
  C4A_TRY(const auto rows, database_->read(sql::kBootstrapKey));
  return first_key(rows);
}

Result<> PostgresMetadataStore::record_key_use(std::span<const KeyUse> uses) {
  // Each alone: in one transaction all gateways would meet on the keys that all of them see.
  for (const auto& use : uses) C4A_CHECK(database_->write(sql::kRecordKeyUse, {use.key_id, use.at}));
  return {};
}

}  // namespace c4a
