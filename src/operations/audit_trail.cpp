#include "operations/audit_trail.h"

#include "base/json_writer.h"
#include "telemetry/log.h"

namespace c4a {

void AuditTrail::record(std::string_view actor, std::string_view action, std::string_view object_type,
                        std::string_view object_id, std::string details) {
  const TimestampMs now = clock_.now_ms();
  const AuditEntry entry{
      Uuid::v7(now),     now, std::string(actor), std::string(action), std::string(object_type), std::string(object_id),
      std::move(details)};
  if (const auto stored = metadata_.append_audit(entry); !stored) {
    log_error("an audit entry could not be stored",
              {{"action", action}, {"object_id", object_id}, {"error", stored.error().detail}});
  }
}

Result<std::string> AuditTrail::list(const PageRequest& page) {
  C4A_TRY(const auto found, metadata_.audit(page.cursor, page.limit));
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("items").begin_array();
  for (const auto& entry : found.items) {
    json.begin_object()
        .member("audit_id", entry.audit_id)
        .member_time("timestamp", entry.timestamp)
        .member("actor", entry.actor)
        .member("action", entry.action)
        .member("object_type", entry.object_type)
        .member("object_id", entry.object_id)
        .member_raw("details", entry.details)
        .end_object();
  }
  json.end_array().key("next_cursor");
  if (found.next_cursor)
    json.value(*found.next_cursor);
  else
    json.null();
  json.end_object();
  return out;
}

}  // namespace c4a
