#include "metadata_store/sqlite_metadata_store.h"

#include <fmt/format.h>

#include "metadata_store/sqlite_database.h"
#include "metadata_store/sqlite_schema.h"

namespace c4a {

SqliteMetadataStore::SqliteMetadataStore(std::unique_ptr<SqliteDatabase> database) : database_(std::move(database)) {}
SqliteMetadataStore::~SqliteMetadataStore() = default;

Result<std::unique_ptr<SqliteMetadataStore>> SqliteMetadataStore::open(const std::string& path) {
  C4A_TRY(auto database, SqliteDatabase::open(path));
  C4A_TRY(const int version, database->read([](SqliteConnection& connection) { return schema_version(connection); }));
  if (version > newest_schema_version()) {
    return fail(ErrorCode::kConflict,
                fmt::format("{} was written by a newer version (schema {}, this program knows {}); use that version or "
                            "restore a backup.",
                            path, version, newest_schema_version()));
  }
  return std::unique_ptr<SqliteMetadataStore>(new SqliteMetadataStore(std::move(database)));
}

Result<> SqliteMetadataStore::migrate() {
  return database_->write([](SqliteConnection& connection) { return migrate_schema(connection); });
}

Result<> SqliteMetadataStore::check() {
  C4A_CHECK(database_->read([](SqliteConnection& connection) { return schema_version(connection); }));
  // A real write, for a full disk answers every read.
  return database_->write([](SqliteConnection& connection) -> Result<> {
    C4A_CHECK(connection.run("UPDATE schema_version SET version = version"));
    return {};
  });
}

Result<> SqliteMetadataStore::purge_expired(TimestampMs now) {
  return database_->write([&](SqliteConnection& connection) -> Result<> {
    C4A_CHECK(connection.run("DELETE FROM refresh_tokens WHERE expires_at <= ?", {now}));
    C4A_CHECK(connection.run("DELETE FROM refresh_families WHERE expires_at <= ?", {now}));
    C4A_CHECK(connection.run("DELETE FROM revocations WHERE expires_at <= ?", {now}));
    C4A_CHECK(connection.run("DELETE FROM idempotency WHERE created_at <= ?", {now - kIdempotencyMs}));
    C4A_CHECK(connection.run("DELETE FROM undecided_sends WHERE expires_at <= ?", {now}));
    return {};
  });
}

}  // namespace c4a
