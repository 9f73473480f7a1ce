#pragma once

// What happens to a conversation besides new messages. Each takes the next `version`.

#include <cstdint>
#include <optional>
#include <string>

#include "domain/conversation.h"
#include "domain/ids.h"

namespace c4a {

enum class ChangeType : std::uint8_t {
  kMessageUpdated = 1,
  kMessageDeleted = 2,
  kReactionAdded = 3,
  kReactionRemoved = 4,
  kMemberAdded = 5,
  kMemberUpdated = 6,
  kMemberRemoved = 7,
  kConversationUpdated = 8,
};

struct Change {
  ConversationId conversation_id;
  Version version;
  ChangeType type = ChangeType::kConversationUpdated;
  UserId by;
  TimestampMs at = 0;
  // Which of these are set follows from the type.
  MessageId message_id;
  Seq seq;
  std::string emoji;
  UserId user_id;
  Role role = Role::kMember;
  std::string metadata;  // the conversation's whole metadata after the change
};

}  // namespace c4a
