#include "metadata_store/sqlite_database.h"
#include "metadata_store/sqlite_metadata_store.h"

namespace c4a {
namespace {

// By MetadataTable.
constexpr std::array kSelects = {
    "SELECT user_id, display_name, metadata, password_hash, created_at, state, deleted_at FROM users",
    "SELECT key_id, client_id, name, scopes, key_hash, created_at, last_used_at, is_bootstrap FROM api_keys",
    "SELECT family_id, subject, created_at, expires_at, revoked_at FROM refresh_families",
    "SELECT token_hash, family_id, used_at, expires_at FROM refresh_tokens",
    "SELECT kind, id, not_before, recorded_at, expires_at FROM revocations",
    "SELECT kid, private_key, created_at FROM signing_keys",
    "SELECT caller, path, idempotency_key, body_hash, created_at, response_status, response_headers, response_body "
    "FROM idempotency",
    "SELECT conversation_id, message_id, digest, sender, created_at, expires_at FROM undecided_sends",
    "SELECT audit_id, recorded_at, actor, action, object_type, object_id, details FROM audit_entries ORDER BY position",
};
static_assert(kSelects.size() == kMetadataTables.size());

MetadataValue value_of(const SqliteRows& rows, int column, char kind) {
  switch (kind) {
    case 'i':
    case 'o':
      return rows.integer(column);
    case 'I': {
      const auto number = rows.optional_integer(column);
      return number ? MetadataValue(*number) : MetadataValue();
    }
    case 'T':
    case 'B': {
      auto text = rows.optional_text(column);
      return text ? MetadataValue(*std::move(text)) : MetadataValue();
    }
    default:
      return rows.text(column);
  }
}

}  // namespace

Result<> SqliteMetadataStore::read_table(MetadataTable table, const std::function<Result<>(MetadataRow&&)>& visit) {
  const auto index = static_cast<std::size_t>(table);
  const std::string_view kinds = kMetadataTables[index].kinds;
  return database_->read([&](SqliteConnection& connection) -> Result<> {
    C4A_TRY(SqliteRows rows, connection.query(kSelects[index]));
    while (true) {
      C4A_TRY(const bool more, rows.next());
      if (!more) return {};
      MetadataRow row;
      for (std::size_t i = 0; i < kinds.size(); ++i) row.push_back(value_of(rows, static_cast<int>(i), kinds[i]));
      C4A_CHECK(visit(std::move(row)));
    }
  });
}

}  // namespace c4a
