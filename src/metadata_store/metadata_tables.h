#pragma once

// What a MetadataStore keeps, table by table and row by row, for moving it to another one and for comparing two. Both
// stores have the same tables and columns; what one adds for itself (positions, hashes as keys) is not in the rows.

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace c4a {

enum class MetadataTable : std::uint8_t {
  kUsers,
  kApiKeys,
  kRefreshFamilies,
  kRefreshTokens,
  kRevocations,
  kSigningKeys,
  kIdempotency,
  kUndecidedSends,
  kAuditEntries,
};

struct MetadataColumns {
  std::string_view table;
  // A letter for each column of a row: t text, b bytes, i integer, o boolean, u UUID (its 16 bytes); a capital may be
  // null.
  std::string_view kinds;
};

// By MetadataTable, and in an order in which rows may be put. The columns are those of docs/formats/metadata_store.md.
inline constexpr std::array kMetadataTables = {
    MetadataColumns{"users", "tTtTiiI"},           // user_id, display_name, metadata, password_hash, created_at, state,
                                                   // deleted_at
    MetadataColumns{"api_keys", "utttbiIo"},       // key_id, client_id, name, scopes, key_hash, created_at,
                                                   // last_used_at, is_bootstrap
    MetadataColumns{"refresh_families", "utiiI"},  // family_id, subject, created_at, expires_at, revoked_at
    MetadataColumns{"refresh_tokens", "buIi"},     // token_hash, family_id, used_at, expires_at
    MetadataColumns{"revocations", "itiii"},       // kind, id, not_before, recorded_at, expires_at
    MetadataColumns{"signing_keys", "tbi"},        // kid, private_key, created_at
    MetadataColumns{"idempotency", "tttbiITB"},    // caller, path, idempotency_key, body_hash, created_at,
                                                   // response_status, response_headers, response_body
    MetadataColumns{"undecided_sends", "uubtii"},  // conversation_id, message_id, digest, sender, created_at,
                                                   // expires_at
    MetadataColumns{"audit_entries", "uittttt"},   // audit_id, recorded_at, actor, action, object_type, object_id,
                                                   // details; in their order
};

using MetadataValue = std::variant<std::monostate, std::int64_t, std::string>;
using MetadataRow = std::vector<MetadataValue>;

class MetadataSource {
 public:
  virtual ~MetadataSource() = default;
  // Every row, until `visit` fails. Nobody writes meanwhile. Fails as MetadataStore does, and with what `visit` does.
  virtual Result<> read_table(MetadataTable table, const std::function<Result<>(MetadataRow&&)>& visit) = 0;
};

class MetadataTarget : public MetadataSource {
 public:
  // Of one table, all or nothing; a row that is there already stays as it is. Fails with: kUnavailable (some may be
  // there).
  virtual Result<> put_rows(MetadataTable table, std::span<const MetadataRow> rows) = 0;
};

}  // namespace c4a
