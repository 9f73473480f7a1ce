#include "metadata_store/sqlite_database.h"
#include "metadata_store/sqlite_metadata_store.h"

namespace c4a {
namespace {

Result<UndecidedNote> read_note(SqliteConnection& connection, const UndecidedSend& send) {
  C4A_TRY(SqliteRows rows, connection.query("SELECT digest, sender, created_at, expires_at FROM undecided_sends "
                                            "WHERE conversation_id = ? AND message_id = ?",
                                            {send.conversation_id.uuid, send.message_id.uuid}));
  C4A_TRY(const bool found, rows.next());
  if (!found) return fail(ErrorCode::kCorrupt, "A note of an undecided send is there and cannot be read.");
  C4A_TRY(const Uuid digest, rows.uuid(0));
  return UndecidedNote{
      false,
      {send.conversation_id, send.message_id, digest.bytes, UserId{rows.text(1)}, rows.integer(2), rows.integer(3)}};
}

}  // namespace

Result<UndecidedNote> SqliteMetadataStore::note_undecided(const UndecidedSend& send) {
  return database_->write([&](SqliteConnection& connection) -> Result<UndecidedNote> {
    C4A_TRY(const int changed,
            connection.run("INSERT INTO undecided_sends "
                           "(conversation_id, message_id, digest, sender, created_at, expires_at) "
                           "VALUES (?, ?, ?, ?, ?, ?) "
                           "ON CONFLICT (conversation_id, message_id) DO UPDATE SET digest = excluded.digest, "
                           "sender = excluded.sender, created_at = excluded.created_at, "
                           "expires_at = excluded.expires_at "
                           "WHERE undecided_sends.expires_at <= excluded.created_at",
                           {send.conversation_id.uuid, send.message_id.uuid, Uuid{send.digest}, send.from.text,
                            send.created_at, send.expires_at}));
    if (changed > 0) return UndecidedNote{true, send};
    return read_note(connection, send);
  });
}

}  // namespace c4a
