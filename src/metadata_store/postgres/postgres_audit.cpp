#include "metadata_store/page_cursor.h"
#include "metadata_store/postgres/postgres_database.h"
#include "metadata_store/postgres/postgres_metadata_store.h"
#include "metadata_store/postgres/postgres_statements.h"

namespace c4a {

Result<> PostgresMetadataStore::append_audit(const AuditEntry& entry) {
  C4A_CHECK(database_->write(sql::kAppendAudit, {entry.audit_id, entry.timestamp, entry.actor, entry.action,
                                                 entry.object_type, entry.object_id, entry.details}));
  return {};
}

Result<MetadataPage<AuditEntry>> PostgresMetadataStore::audit(const std::optional<std::string>& cursor,
                                                              std::size_t limit) {
  C4A_TRY(const AuditCursor before, AuditCursor::parse(cursor));
  C4A_TRY(const auto rows, database_->read(sql::kAuditPage, {before.position, limit + 1}));
  MetadataPage<AuditEntry> page;
  std::int64_t last_position = 0;
  for (int row = 0; row < rows.size() && page.items.size() < limit; ++row) {
    C4A_TRY(const Uuid audit_id, rows.uuid(row, 1));
    page.items.push_back({audit_id, rows.integer(row, 2), rows.text(row, 3), rows.text(row, 4), rows.text(row, 5),
                          rows.text(row, 6), rows.text(row, 7)});
    last_position = rows.integer(row, 0);
  }
  const bool more = static_cast<std::size_t>(rows.size()) > limit;
  if (more && limit > 0) page.next_cursor = AuditCursor{last_position}.text();
  return page;
}

}  // namespace c4a
