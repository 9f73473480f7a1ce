#include "metadata_store/key_scopes.h"
#include "metadata_store/page_cursor.h"
#include "metadata_store/sqlite_database.h"
#include "metadata_store/sqlite_metadata_store.h"

namespace c4a {
namespace {

#define C4A_KEY_COLUMNS "key_id, client_id, name, scopes, key_hash, created_at, last_used_at, is_bootstrap"

Result<ApiKeyRecord> key_of(const SqliteRows& rows) {
  C4A_TRY(const Uuid key_id, rows.uuid(0));
  return ApiKeyRecord{key_id,
                      rows.text(1),
                      rows.text(2),
                      split_scopes(rows.text(3)),
                      rows.text(4),
                      rows.integer(5),
                      rows.optional_integer(6),
                      rows.integer(7) != 0};
}

Result<std::optional<ApiKeyRecord>> find_key(SqliteConnection& connection, std::string_view sql,
                                             std::initializer_list<SqliteValue> values) {
  C4A_TRY(SqliteRows rows, connection.query(sql, values));
  C4A_TRY(const bool found, rows.next());
  if (!found) return std::nullopt;
  return key_of(rows);
}

Result<std::optional<ApiKeyRecord>> find_by_hash(SqliteConnection& connection, std::string_view key_hash) {
  return find_key(connection, "SELECT " C4A_KEY_COLUMNS " FROM api_keys WHERE key_hash = ?", {SqliteBlob{key_hash}});
}

Result<> insert_key(SqliteConnection& connection, const ApiKeyRecord& key) {
  auto inserted = connection.run("INSERT INTO api_keys (" C4A_KEY_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                                 {key.key_id, key.client_id, key.name, join_scopes(key.scopes),
                                  SqliteBlob{key.key_hash}, key.created_at, key.last_used_at, key.is_bootstrap});
  if (inserted) return {};
  if (inserted.error().code != ErrorCode::kConflict) return fail(std::move(inserted.error()));
  return fail(ErrorCode::kConflict, "An API key with this id or secret exists already.");
}

Result<std::optional<ApiKeyRecord>> find_bootstrap(SqliteConnection& connection) {
  return find_key(connection, "SELECT " C4A_KEY_COLUMNS " FROM api_keys WHERE is_bootstrap = 1", {});
}

}  // namespace

Result<> SqliteMetadataStore::create_key(const ApiKeyRecord& key) {
  return database_->write([&](SqliteConnection& connection) { return insert_key(connection, key); });
}

Result<std::optional<ApiKeyRecord>> SqliteMetadataStore::key_by_hash(std::string_view key_hash) {
  return database_->read([&](SqliteConnection& connection) { return find_by_hash(connection, key_hash); });
}

Result<std::optional<ApiKeyRecord>> SqliteMetadataStore::key_by_client_id(std::string_view client_id) {
  return database_->read([&](SqliteConnection& connection) {
    return find_key(connection, "SELECT " C4A_KEY_COLUMNS " FROM api_keys WHERE client_id = ?", {client_id});
  });
}

Result<MetadataPage<ApiKeyRecord>> SqliteMetadataStore::keys(const std::optional<std::string>& cursor,
                                                             std::size_t limit) {
  C4A_TRY(const KeyCursor after, KeyCursor::parse(cursor));
  return database_->read([&](SqliteConnection& connection) -> Result<MetadataPage<ApiKeyRecord>> {
    C4A_TRY(SqliteRows rows, connection.query("SELECT " C4A_KEY_COLUMNS " FROM api_keys "
                                              "WHERE (created_at, key_id) > (?, ?) ORDER BY created_at, key_id LIMIT ?",
                                              {after.created_at, after.key_id, limit + 1}));
    MetadataPage<ApiKeyRecord> page;
    while (true) {
      C4A_TRY(const bool more, rows.next());
      if (!more) return page;
      if (page.items.size() == limit) break;
      C4A_TRY(ApiKeyRecord key, key_of(rows));
      page.items.push_back(std::move(key));
    }
    if (limit > 0) page.next_cursor = KeyCursor{page.items.back().created_at, page.items.back().key_id}.text();
    return page;
  });
}

Result<ApiKeyRecord> SqliteMetadataStore::delete_key(const Uuid& key_id) {
  return database_->write([&](SqliteConnection& connection) -> Result<ApiKeyRecord> {
    C4A_TRY(auto key, find_key(connection, "SELECT " C4A_KEY_COLUMNS " FROM api_keys WHERE key_id = ?", {key_id}));
    if (!key) return fail(ErrorCode::kNotFound, "There is no API key with this id.");
    C4A_CHECK(connection.run("DELETE FROM api_keys WHERE key_id = ?", {key_id}));
    return *std::move(key);
  });
}

Result<MetadataStore::AdminKeyChange> SqliteMetadataStore::put_admin_key(const ApiKeyRecord& key) {
  return database_->write([&](SqliteConnection& connection) -> Result<AdminKeyChange> {
    C4A_TRY(auto same, find_by_hash(connection, key.key_hash));
    if (same) return AdminKeyChange{*std::move(same), {}};
    C4A_TRY(auto earlier, find_bootstrap(connection));
    C4A_CHECK(connection.run("DELETE FROM api_keys WHERE is_bootstrap = 1"));
    ApiKeyRecord stored = key;
    stored.is_bootstrap = true;
    C4A_CHECK(insert_key(connection, stored));
    return AdminKeyChange{std::move(stored), std::move(earlier)};
  });
}

Result<std::optional<ApiKeyRecord>> SqliteMetadataStore::admin_key() {
  return database_->read([](SqliteConnection& connection) { return find_bootstrap(connection); });
}

Result<> SqliteMetadataStore::record_key_use(std::span<const KeyUse> uses) {
  if (uses.empty()) return {};
  return database_->write([&](SqliteConnection& connection) -> Result<> {
    for (const auto& use : uses) {
      C4A_CHECK(
          connection.run("UPDATE api_keys SET last_used_at = ? "
                         "WHERE key_id = ? AND (last_used_at IS NULL OR last_used_at < ?)",
                         {use.at, use.key_id, use.at}));
    }
    return {};
  });
}

#undef C4A_KEY_COLUMNS

}  // namespace c4a
