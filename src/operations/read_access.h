#pragma once

#include "domain/authorize.h"
#include "message_store/message_store.h"

namespace c4a {

// A conversation as far as one member may read it.
struct ReadAccess {
  Conversation conversation;  // last_seq and version as of leaving, for a former member
  Member member;

  Seq first_hidden() const { return member.visible_after; }
  Seq until() const { return conversation.last_seq; }
  bool sees(Seq seq) const { return seq > member.visible_after && seq <= conversation.last_seq; }
};

// Fails with: kConversationNotFound for strangers as for what does not exist.
Result<ReadAccess> read_access(MessageStore& store, const ConversationId& id, const UserId& user);
// The same of what was read already.
Result<ReadAccess> read_access(std::optional<Conversation> head, std::optional<Member> member);

// Whether the two are in some conversation together (or are the same user).
Result<bool> share_conversation(MessageStore& store, const UserId& one, const UserId& other);

struct LocatedMessage {
  ReadAccess access;
  Message message;
};

// The message, in a conversation that the user may read. `conversation` chooses where the id is in two of them.
// Fails with: kMessageNotFound; kValidationFailed where it must be chosen.
Result<LocatedMessage> locate_message(MessageStore& store, const MessageId& id, const UserId& user,
                                      const std::optional<ConversationId>& conversation);

}  // namespace c4a
