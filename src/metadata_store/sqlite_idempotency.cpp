#include "metadata_store/sqlite_database.h"
#include "metadata_store/sqlite_metadata_store.h"

namespace c4a {
namespace {

Result<std::optional<IdempotencyBegin>> find_earlier(SqliteConnection& connection, const IdempotencyId& id,
                                                     std::string_view body_hash) {
  C4A_TRY(SqliteRows rows,
          connection.query("SELECT body_hash, response_status, response_headers, response_body FROM idempotency "
                           "WHERE caller = ? AND path = ? AND idempotency_key = ?",
                           {id.caller, id.path, id.key}));
  C4A_TRY(const bool found, rows.next());
  if (!found) return std::nullopt;
  if (rows.text(0) != body_hash) return IdempotencyBegin{IdempotencyBegin::Kind::kOtherBody, {}};
  const auto status = rows.optional_integer(1);
  if (!status) return IdempotencyBegin{IdempotencyBegin::Kind::kRunning, {}};
  return IdempotencyBegin{IdempotencyBegin::Kind::kReplay, {static_cast<int>(*status), rows.text(2), rows.text(3)}};
}

}  // namespace

Result<IdempotencyBegin> SqliteMetadataStore::begin_idempotent(const IdempotencyId& id, std::string_view body_hash,
                                                               TimestampMs now) {
  return database_->write([&](SqliteConnection& connection) -> Result<IdempotencyBegin> {
    C4A_CHECK(
        connection.run("DELETE FROM idempotency "
                       "WHERE caller = ? AND path = ? AND idempotency_key = ? AND created_at <= ?",
                       {id.caller, id.path, id.key, now - kIdempotencyMs}));
    C4A_TRY(auto earlier, find_earlier(connection, id, body_hash));
    if (earlier) return *std::move(earlier);
    C4A_CHECK(
        connection.run("INSERT INTO idempotency (caller, path, idempotency_key, body_hash, created_at) "
                       "VALUES (?, ?, ?, ?, ?)",
                       {id.caller, id.path, id.key, SqliteBlob{body_hash}, now}));
    return IdempotencyBegin{};
  });
}

Result<> SqliteMetadataStore::finish_idempotent(const IdempotencyId& id, const StoredResponse& response) {
  return database_->write([&](SqliteConnection& connection) -> Result<> {
    C4A_CHECK(
        connection.run("UPDATE idempotency SET response_status = ?, response_headers = ?, response_body = ? "
                       "WHERE caller = ? AND path = ? AND idempotency_key = ? AND response_status IS NULL",
                       {response.status, response.headers, SqliteBlob{response.body}, id.caller, id.path, id.key}));
    return {};
  });
}

Result<> SqliteMetadataStore::abandon_idempotent(const IdempotencyId& id) {
  return database_->write([&](SqliteConnection& connection) -> Result<> {
    C4A_CHECK(
        connection.run("DELETE FROM idempotency WHERE caller = ? AND path = ? AND idempotency_key = ? "
                       "AND response_status IS NULL",
                       {id.caller, id.path, id.key}));
    return {};
  });
}

Result<> SqliteMetadataStore::abandon_interrupted_idempotent(TimestampMs started_before) {
  return database_->write([&](SqliteConnection& connection) -> Result<> {
    C4A_CHECK(
        connection.run("DELETE FROM idempotency WHERE response_status IS NULL AND created_at < ?", {started_before}));
    return {};
  });
}

}  // namespace c4a
