#include "operations/read_access.h"

namespace c4a {

Result<ReadAccess> read_access(std::optional<Conversation> head, std::optional<Member> member) {
  C4A_CHECK(authorize(head.value_or(Conversation{}), head && member ? &*member : nullptr, Action::kReadConversation));
  ReadAccess access{std::move(*head), std::move(*member)};
  if (!access.member.active()) {
    access.conversation.last_seq = access.member.readable_until(access.conversation.last_seq);
    access.conversation.version = access.member.left_at_version;
  }
  return access;
}

Result<ReadAccess> read_access(MessageStore& store, const ConversationId& id, const UserId& user) {
  C4A_TRY(auto both, store.head_and_member(id, user));
  return read_access(std::move(both.first), std::move(both.second));
}

Result<bool> share_conversation(MessageStore& store, const UserId& one, const UserId& other) {
  if (one == other) return true;
  C4A_TRY(const auto ours, store.conversations_of(one));
  C4A_TRY(const auto theirs, store.conversations_of(other));
  // Both come in id order.
  auto their = theirs.begin();
  for (const auto& our : ours) {
    if (!our.active) continue;
    while (their != theirs.end() && their->id < our.id) ++their;
    if (their != theirs.end() && their->id == our.id && their->active) return true;
  }
  return false;
}

Result<LocatedMessage> locate_message(MessageStore& store, const MessageId& id, const UserId& user,
                                      const std::optional<ConversationId>& conversation) {
  C4A_TRY(const auto places, store.find_message(id));
  std::optional<LocatedMessage> found;
  for (const auto& [place, seq] : places) {
    if (conversation && place != *conversation) continue;
    auto access = read_access(store, place, user);
    if (!access || !access->sees(seq)) continue;
    C4A_TRY(auto message, store.message(place, seq));
    if (!message) continue;
    if (found) {
      return fail_field("?conversation_id", "must be given: two of your conversations hold a message with this id");
    }
    found = LocatedMessage{std::move(*access), std::move(*message)};
  }
  if (!found) return fail(ErrorCode::kMessageNotFound, "There is no such message, or it is not yours to see.");
  return std::move(*found);
}

}  // namespace c4a
