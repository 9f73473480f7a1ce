#include "metadata_store/page_cursor.h"
#include "metadata_store/sqlite_database.h"
#include "metadata_store/sqlite_metadata_store.h"

namespace c4a {

Result<> SqliteMetadataStore::append_audit(const AuditEntry& entry) {
  return database_->write([&](SqliteConnection& connection) -> Result<> {
    C4A_CHECK(connection.run(
        "INSERT INTO audit_entries (audit_id, recorded_at, actor, action, object_type, object_id, details) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        {entry.audit_id, entry.timestamp, entry.actor, entry.action, entry.object_type, entry.object_id,
         entry.details}));
    return {};
  });
}

Result<MetadataPage<AuditEntry>> SqliteMetadataStore::audit(const std::optional<std::string>& cursor,
                                                            std::size_t limit) {
  C4A_TRY(const AuditCursor before, AuditCursor::parse(cursor));
  return database_->read([&](SqliteConnection& connection) -> Result<MetadataPage<AuditEntry>> {
    C4A_TRY(SqliteRows rows,
            connection.query("SELECT position, audit_id, recorded_at, actor, action, object_type, object_id, details "
                             "FROM audit_entries WHERE position < ? ORDER BY position DESC LIMIT ?",
                             {before.position, limit + 1}));
    MetadataPage<AuditEntry> page;
    std::int64_t last_position = 0;
    while (true) {
      C4A_TRY(const bool more, rows.next());
      if (!more) return page;
      if (page.items.size() == limit) break;
      C4A_TRY(const Uuid audit_id, rows.uuid(1));
      page.items.push_back(
          {audit_id, rows.integer(2), rows.text(3), rows.text(4), rows.text(5), rows.text(6), rows.text(7)});
      last_position = rows.integer(0);
    }
    if (limit > 0) page.next_cursor = AuditCursor{last_position}.text();
    return page;
  });
}

}  // namespace c4a
