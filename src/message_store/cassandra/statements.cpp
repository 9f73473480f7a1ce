#include "message_store/cassandra/statements.h"

#include <string>

namespace c4a::cassandra {
namespace {

// `$` stands for the keyspace and its dot. Everything that puts or drops a row ends with its timestamp, and with its
// time to live where it has one.
struct Text {
  StatementId id;
  std::string_view cql;
};

constexpr std::array<Text, kStatements> kTexts = {{
    {StatementId::kPutHead,
     "INSERT INTO $conversations (conversation_id, bucket, head, applied, redo) VALUES (?, ?, ?, ?, ?) USING TIMESTAMP "
     "?"},
    {StatementId::kRaiseLastSeq,
     "UPDATE $conversations USING TIMESTAMP ? SET last_seq = ? WHERE conversation_id = ? AND bucket = ?"},
    {StatementId::kForgetLastSeq,
     "DELETE last_seq FROM $conversations USING TIMESTAMP ? WHERE conversation_id = ? AND bucket = ?"},
    {StatementId::kDropRedo,
     "DELETE redo FROM $conversations USING TIMESTAMP ? WHERE conversation_id = ? AND bucket = ?"},
    {StatementId::kPutRedoPart,
     "INSERT INTO $conversation_redo (conversation_id, bucket, position, part, bytes) VALUES (?, ?, ?, ?, ?) "
     "USING TIMESTAMP ?"},
    {StatementId::kDropRedoParts,
     "DELETE FROM $conversation_redo USING TIMESTAMP ? WHERE conversation_id = ? AND bucket = ?"},
    {StatementId::kPutMember,
     "INSERT INTO $members (conversation_id, bucket, user_id, member) VALUES (?, ?, ?, ?) USING TIMESTAMP ?"},
    {StatementId::kPutProgress,
     "INSERT INTO $horizons (conversation_id, bucket, user_id, progress) VALUES (?, ?, ?, ?) USING TIMESTAMP ?"},
    {StatementId::kPutMessage,
     "INSERT INTO $messages (conversation_id, bucket, seq, message) VALUES (?, ?, ?, ?) USING TIMESTAMP ? AND TTL ?"},
    {StatementId::kPutReceiptRequest,
     "INSERT INTO $receipt_requests (conversation_id, bucket, seq) VALUES (?, ?, ?) USING TIMESTAMP ? AND TTL ?"},
    {StatementId::kPutMove,
     "INSERT INTO $message_status_history (conversation_id, bucket, user_id, kind, up_to, at) "
     "VALUES (?, ?, ?, ?, ?, ?) USING TIMESTAMP ? AND TTL ?"},
    {StatementId::kPutChange,
     "INSERT INTO $conversation_changes (conversation_id, bucket, version, change) VALUES (?, ?, ?, ?) "
     "USING TIMESTAMP ?"},
    {StatementId::kPutReaction,
     "INSERT INTO $reactions (conversation_id, bucket, seq, emoji, user_id, at) VALUES (?, ?, ?, ?, ?, ?) "
     "USING TIMESTAMP ? AND TTL ?"},
    {StatementId::kDropReaction,
     "DELETE FROM $reactions USING TIMESTAMP ? "
     "WHERE conversation_id = ? AND bucket = ? AND seq = ? AND emoji = ? AND user_id = ?"},
    {StatementId::kEraseMembers, "DELETE FROM $members USING TIMESTAMP ? WHERE conversation_id = ? AND bucket = ?"},
    {StatementId::kEraseProgress, "DELETE FROM $horizons USING TIMESTAMP ? WHERE conversation_id = ? AND bucket = ?"},
    {StatementId::kEraseMessages, "DELETE FROM $messages USING TIMESTAMP ? WHERE conversation_id = ? AND bucket = ?"},
    {StatementId::kEraseReceiptRequests,
     "DELETE FROM $receipt_requests USING TIMESTAMP ? WHERE conversation_id = ? AND bucket = ?"},
    {StatementId::kEraseMoves,
     "DELETE FROM $message_status_history USING TIMESTAMP ? WHERE conversation_id = ? AND bucket = ?"},
    {StatementId::kEraseChanges,
     "DELETE FROM $conversation_changes USING TIMESTAMP ? WHERE conversation_id = ? AND bucket = ?"},
    {StatementId::kEraseReactions, "DELETE FROM $reactions USING TIMESTAMP ? WHERE conversation_id = ? AND bucket = ?"},

    {StatementId::kPutMessageId,
     "INSERT INTO $message_ids (shard, message_id, conversation_id, seq) VALUES (?, ?, ?, ?) USING TIMESTAMP ? AND TTL "
     "?"},
    {StatementId::kPutUserConversation,
     "INSERT INTO $user_conversations (user_id, conversation_id, active) VALUES (?, ?, ?) USING TIMESTAMP ?"},
    {StatementId::kDropUserConversation,
     "DELETE FROM $user_conversations USING TIMESTAMP ? WHERE user_id = ? AND conversation_id = ?"},
    {StatementId::kPutPair,
     "INSERT INTO $private_pairs (first_user, second_user, generation) VALUES (?, ?, ?) USING TIMESTAMP ?"},
    {StatementId::kPutReceipt,
     "INSERT INTO $receipt_events (sender, position, number, receipt) VALUES (?, ?, ?, ?) USING TIMESTAMP ? AND TTL ?"},
    {StatementId::kPutDevice, "INSERT INTO $devices (user_id, device, state) VALUES (?, ?, ?) USING TIMESTAMP ?"},
    {StatementId::kDropDevice, "DELETE FROM $devices USING TIMESTAMP ? WHERE user_id = ? AND device = ?"},

    {StatementId::kHead, "SELECT head, last_seq, redo FROM $conversations WHERE conversation_id = ? AND bucket = ?"},
    {StatementId::kHeadAlone, "SELECT head, last_seq FROM $conversations WHERE conversation_id = ? AND bucket = ?"},
    {StatementId::kRedoParts,
     "SELECT bytes FROM $conversation_redo WHERE conversation_id = ? AND bucket = ? AND position = ?"},
    {StatementId::kMember, "SELECT member FROM $members WHERE conversation_id = ? AND bucket = ? AND user_id = ?"},
    {StatementId::kMembersAfter,
     "SELECT user_id, member FROM $members WHERE conversation_id = ? AND bucket = ? AND user_id > ? LIMIT ?"},
    {StatementId::kProgress, "SELECT progress FROM $horizons WHERE conversation_id = ? AND bucket = ? AND user_id = ?"},
    {StatementId::kProgressAfter,
     "SELECT user_id, progress FROM $horizons WHERE conversation_id = ? AND bucket = ? AND user_id > ? LIMIT ?"},
    {StatementId::kMessage, "SELECT message FROM $messages WHERE conversation_id = ? AND bucket = ? AND seq = ?"},
    {StatementId::kMessagesIn,
     "SELECT seq, message FROM $messages WHERE conversation_id = ? AND bucket = ? AND seq IN ? ORDER BY seq ASC"},
    {StatementId::kMessagesUp,
     "SELECT seq, message FROM $messages WHERE conversation_id = ? AND bucket = ? AND seq > ? AND seq <= ? "
     "ORDER BY seq ASC LIMIT ?"},
    {StatementId::kMessagesDown,
     "SELECT seq, message FROM $messages WHERE conversation_id = ? AND bucket = ? AND seq > ? AND seq <= ? "
     "ORDER BY seq DESC LIMIT ?"},
    {StatementId::kReceiptRequests,
     "SELECT seq FROM $receipt_requests WHERE conversation_id = ? AND bucket = ? AND seq > ? AND seq <= ?"},
    {StatementId::kFirstMove,
     "SELECT up_to, at FROM $message_status_history "
     "WHERE conversation_id = ? AND bucket = ? AND user_id = ? AND kind = ? AND up_to >= ? LIMIT 1"},
    {StatementId::kChangesUp,
     "SELECT version, change FROM $conversation_changes "
     "WHERE conversation_id = ? AND bucket = ? AND version > ? AND version <= ? LIMIT ?"},
    {StatementId::kReactions,
     "SELECT emoji, user_id, at FROM $reactions WHERE conversation_id = ? AND bucket = ? AND seq = ?"},
    {StatementId::kReaction,
     "SELECT at FROM $reactions "
     "WHERE conversation_id = ? AND bucket = ? AND seq = ? AND emoji = ? AND user_id = ?"},
    {StatementId::kMessageIds, "SELECT conversation_id, seq FROM $message_ids WHERE shard = ? AND message_id = ?"},
    {StatementId::kMessageIdOf,
     "SELECT seq FROM $message_ids WHERE shard = ? AND message_id = ? AND conversation_id = ?"},
    {StatementId::kMessageIdsIn,
     "SELECT message_id, conversation_id, seq FROM $message_ids WHERE shard = ? AND message_id IN ?"},
    {StatementId::kMessageIdInOneCopy,
     "SELECT seq FROM $message_ids WHERE shard = ? AND message_id = ? AND conversation_id = ?"},
    {StatementId::kMessageInOneCopy,
     "SELECT message FROM $messages WHERE conversation_id = ? AND bucket = ? AND seq = ?"},
    {StatementId::kUserConversations, "SELECT conversation_id, active FROM $user_conversations WHERE user_id = ?"},
    {StatementId::kPair, "SELECT generation FROM $private_pairs WHERE first_user = ? AND second_user = ?"},
    {StatementId::kReceiptsAfter,
     "SELECT position, number, receipt FROM $receipt_events "
     "WHERE sender = ? AND (position, number) > (?, ?) AND (position) < (?) LIMIT ?"},
    {StatementId::kDevices, "SELECT device, state FROM $devices WHERE user_id = ?"},
    {StatementId::kAllConversations,
     "SELECT conversation_id, token(conversation_id, bucket), applied FROM $conversations "
     "WHERE token(conversation_id, bucket) > ? LIMIT ?"},
    {StatementId::kAllPairs,
     "SELECT first_user, second_user, generation, token(first_user, second_user) FROM $private_pairs "
     "WHERE token(first_user, second_user) > ? LIMIT ?"},
    {StatementId::kMovesAfter,
     "SELECT user_id, kind, up_to, at FROM $message_status_history "
     "WHERE conversation_id = ? AND bucket = ? AND (user_id, kind, up_to) > (?, ?, ?) LIMIT ?"},
    {StatementId::kReactionsAfter,
     "SELECT seq, emoji, user_id, at FROM $reactions "
     "WHERE conversation_id = ? AND bucket = ? AND (seq, emoji, user_id) > (?, ?, ?) AND (seq) <= (?) LIMIT ?"},
    {StatementId::kSchemaVersion, "SELECT version, bucket_rows FROM $schema_version WHERE id = 1"},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kStatements; ++i) {
    if (static_cast<std::size_t>(kTexts[i].id) != i) return false;
  }
  return true;
}
static_assert(in_order());

}  // namespace

std::string statement_text(StatementId id, std::string_view keyspace) {
  std::string text(kTexts[static_cast<std::size_t>(id)].cql);
  const std::size_t place = text.find('$');
  return text.replace(place, 1, std::string(keyspace) + ".");
}

}  // namespace c4a::cassandra
