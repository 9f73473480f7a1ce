#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "metadata_store/metadata_store.h"
#include "operations/cursor.h"

namespace c4a {

// Who did what to users, keys, members and conversations. Append-only.
class AuditTrail {
 public:
  AuditTrail(MetadataStore& metadata, const Clock& clock) : metadata_(metadata), clock_(clock) {}

  // After the deed. What cannot be recorded is logged; the deed stands. `details`: a JSON object. Blocks.
  void record(std::string_view actor, std::string_view action, std::string_view object_type, std::string_view object_id,
              std::string details = "{}");
  // JSON of a list, newest first. Fails with: kInvalidCursor.
  Result<std::string> list(const PageRequest& page);

 private:
  MetadataStore& metadata_;
  const Clock& clock_;
};

}  // namespace c4a
