#include "domain/authorize.h"

namespace c4a {
namespace {

Result<> allow_if(bool allowed, const char* otherwise) {
  if (allowed) return {};
  return fail(ErrorCode::kForbidden, otherwise);
}

Result<> authorize_in_group(const Conversation& conversation, const Member& actor, Action action,
                            const Object& object) {
  const bool leads = actor.role >= Role::kAdmin;
  const bool owns = actor.role == Role::kOwner;
  switch (action) {
    case Action::kUpdateConversation:
      return allow_if(conversation.type == ConversationType::kPrivate || leads,
                      "Only the owner and admins may change a group; ask one of them.");
    case Action::kDeleteConversation:
      return allow_if(owns, "Only the owner may delete the conversation.");
    case Action::kAddMember:
      return allow_if(leads && (owns || object.role < Role::kOwner),
                      "Only the owner and admins may add members, and only an owner another owner.");
    case Action::kChangeRole:
      return allow_if(owns || (leads && object.member != nullptr && object.member->role < Role::kOwner &&
                               object.role < Role::kOwner),
                      "Only the owner and admins may change roles, and only an owner another owner's.");
    case Action::kRemoveMember:
      return allow_if(
          object.member == &actor || owns || (leads && object.member != nullptr && object.member->role < Role::kOwner),
          "Only the owner and admins may remove members, and only an owner another owner.");
    case Action::kEditMessage:
      return allow_if(object.author != nullptr && *object.author == actor.user_id,
                      "Only the sender may edit a message.");
    case Action::kDeleteMessage:
      return allow_if((object.author != nullptr && *object.author == actor.user_id) ||
                          (leads && conversation.type == ConversationType::kGroup),
                      "Only the sender, an admin or the owner may delete a message.");
    default:
      return {};
  }
}

}  // namespace

Result<> authorize(const Conversation& conversation, const Member* actor, Action action, const Object& object) {
  const bool reads = action == Action::kReadConversation || action == Action::kAcknowledge;
  if (conversation.deleted || actor == nullptr || (!actor->active() && !reads)) {
    return fail(ErrorCode::kConversationNotFound, "There is no such conversation, or you are not in it.");
  }
  return authorize_in_group(conversation, *actor, action, object);
}

}  // namespace c4a
