#pragma once

// Every statement that the store prepares. docs/formats/cassandra.md says what lies in the tables.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace c4a::cassandra {

// The order of the bound values is that of the statement's text in statements.cpp.
enum class StatementId : std::uint8_t {
  // of a conversation's partition (conversation_id, bucket)
  kPutHead,
  kRaiseLastSeq,
  kForgetLastSeq,
  kDropRedo,
  kPutRedoPart,
  kDropRedoParts,
  kPutMember,
  kPutProgress,
  kPutMessage,
  kPutReceiptRequest,
  kPutMove,
  kPutChange,
  kPutReaction,
  kDropReaction,
  kEraseMembers,
  kEraseProgress,
  kEraseMessages,
  kEraseReceiptRequests,
  kEraseMoves,
  kEraseChanges,
  kEraseReactions,
  // others
  kPutMessageId,
  kPutUserConversation,
  kDropUserConversation,
  kPutPair,
  kPutReceipt,
  kPutDevice,
  kDropDevice,
  // reads
  kHead,
  kHeadAlone,
  kRedoParts,
  kMember,
  kMembersAfter,
  kProgress,
  kProgressAfter,
  kMessage,
  kMessagesIn,
  kMessagesUp,
  kMessagesDown,
  kReceiptRequests,
  kFirstMove,
  kChangesUp,
  kReactions,
  kReaction,
  kMessageIds,
  kMessageIdOf,
  kMessageIdsIn,
  kMessageIdInOneCopy,
  kMessageInOneCopy,
  kUserConversations,
  kPair,
  kReceiptsAfter,
  kDevices,
  // of everything
  kAllConversations,
  kAllPairs,
  kMovesAfter,
  kReactionsAfter,
  kSchemaVersion,
};
inline constexpr std::size_t kStatements = static_cast<std::size_t>(StatementId::kSchemaVersion) + 1;

// The others want a quorum.
constexpr bool wants_one_copy(StatementId id) {
  return id == StatementId::kMessageIdInOneCopy || id == StatementId::kMessageInOneCopy;
}

// With the keyspace's name in its place.
std::string statement_text(StatementId id, std::string_view keyspace);

}  // namespace c4a::cassandra
