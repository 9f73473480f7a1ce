#include <algorithm>

#include "metadata_store/postgres/postgres_database.h"
#include "metadata_store/postgres/postgres_metadata_store.h"
#include "metadata_store/postgres/postgres_statements.h"

namespace c4a {
namespace {

constexpr int kMaxVanished = 8;

Result<UndecidedSend> noted_of(const PostgresRows& rows, const UndecidedSend& send) {
  UndecidedSend noted{send.conversation_id,    send.message_id,    {},
                      UserId{rows.text(0, 1)}, rows.integer(0, 2), rows.integer(0, 3)};
  const std::string digest = rows.blob(0, 0);
  if (digest.size() != noted.digest.size()) {
    return fail(ErrorCode::kCorrupt, "A digest in undecided_sends does not have 16 bytes; delete its row.");
  }
  std::ranges::copy(digest, noted.digest.begin());
  return noted;
}

}  // namespace

Result<UndecidedNote> PostgresMetadataStore::note_undecided(const UndecidedSend& send) {
  const Uuid digest{send.digest};
  for (int i = 0; i < kMaxVanished; ++i) {
    C4A_TRY(const auto begun, database_->write(sql::kNoteUndecided, {send.conversation_id.uuid, send.message_id.uuid,
                                                                     PostgresBlob{digest.view()}, send.from.text,
                                                                     send.created_at, send.expires_at}));
    if (begun.changed() > 0) return UndecidedNote{true, send};
    C4A_TRY(const auto rows, database_->read(sql::kReadUndecided, {send.conversation_id.uuid, send.message_id.uuid}));
    if (rows.empty()) continue;  // purged between the two statements: it is free again
    C4A_TRY(auto noted, noted_of(rows, send));
    return UndecidedNote{false, std::move(noted)};
  }
  return fail(ErrorCode::kUnavailable, "Notes of this message_id come and go; try again.");
}

}  // namespace c4a
