#pragma once

// The one place that says who may do what in a conversation.

#include <cstdint>

#include "base/result.h"
#include "domain/conversation.h"

namespace c4a {

enum class Action : std::uint8_t {
  kReadConversation,  // also a former member, up to where they left
  kSend,
  kAcknowledge,  // also a former member, for what came before leaving
  kType,
  kReact,
  kEditMessage,    // object: the message's sender
  kDeleteMessage,  // object: the message's sender
  kUpdateConversation,
  kDeleteConversation,
  kAddMember,     // role: the one to be given
  kChangeRole,    // object: the member, role: the one to be given
  kRemoveMember,  // object: the member
};

struct Object {
  const Member* member = nullptr;  // whom it is done to, where it is done to somebody
  const UserId* author = nullptr;  // of the message, where it is done to one
  Role role = Role::kMember;       // to be given
};

// `actor` is null for somebody who was never a member: who is not in answers like what does not exist
// (kConversationNotFound); a member whose role does not suffice gets kForbidden.
Result<> authorize(const Conversation& conversation, const Member* actor, Action action, const Object& object = {});

}  // namespace c4a
