#pragma once

// What the head's row says of a conversation, and its redo record.

#include <optional>
#include <string>
#include <vector>

#include "domain/conversation.h"
#include "message_store/cassandra/cql_session.h"
#include "message_store/cassandra/redo.h"

namespace c4a::cassandra {

struct Head {
  std::optional<Conversation> conversation;  // with the exact last_seq
  Seq last_seq;                              // also where the conversation's own row is missing
  std::string redo;                          // the column

  bool deleted() const { return conversation && conversation->deleted; }
  Version version() const { return conversation ? conversation->version : Version{}; }
};

// The cells that name the conversation's first bucket, and a member's row in it.
std::string head_key(const ConversationId& id);
std::string member_key(const ConversationId& id, const UserId& user);

// What was read by kHead or kHeadAlone, kMember, kProgress.
Result<Head> head_of(RowSet& rows, StatementId statement, const ConversationId& id);
Result<std::optional<Member>> member_of(RowSet& rows, const ConversationId& id, const UserId& user);
Result<Progress> progress_of(RowSet& rows, const ConversationId& id);

Result<Head> read_head(CqlSession& session, const ConversationId& id);
// The same without the redo record, which may be long.
Result<Head> read_head_alone(CqlSession& session, const ConversationId& id);
// The record that the head names; nothing when there is none, or when it has just been done with: then its rows are
// where they belong. Fails with kCorrupt when it is damaged.
Result<std::optional<Redo>> read_redo(CqlSession& session, const ConversationId& id, const Head& head);
// Of the conversation's partition, in user order.
Result<std::vector<Member>> read_members(CqlSession& session, const ConversationId& id, const UserId& after,
                                         std::size_t limit);

// Names the row, never its content.
std::unexpected<Error> damaged(const char* table, const ConversationId& id);

}  // namespace c4a::cassandra
