#pragma once

// The positions inside list cursors. The text is opaque to clients and checked when it comes back.

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/uuid.h"

namespace c4a {

// After the key created at `created_at` with this id.
struct KeyCursor {
  std::int64_t created_at = -1;
  Uuid key_id;

  std::string text() const;
  static Result<KeyCursor> parse(const std::optional<std::string>& text);  // empty: the start
};

// Before the audit entry at `position`.
struct AuditCursor {
  std::int64_t position = INT64_MAX;

  std::string text() const;
  static Result<AuditCursor> parse(const std::optional<std::string>& text);  // empty: the newest
};

}  // namespace c4a
