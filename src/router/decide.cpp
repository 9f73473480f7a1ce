#include "router/decide.h"

#include <algorithm>

#include "domain/authorize.h"
#include "router/decide_parts.h"

namespace c4a {
namespace router {

const Member* member_of(const ConversationState& state, const UserId& user) {
  const MemberState* found = state.find(user);
  return found == nullptr ? nullptr : &found->member;
}

namespace {

void split_audience(const ConversationState& state, Seq seq, Audience& seeing, Audience& blind) {
  auto may = std::make_shared<std::vector<UserId>>();
  auto may_not = std::make_shared<std::vector<UserId>>();
  for (const auto& present : state.members()) {
    const Member& member = present.member;
    if (member.active()) (seq > member.visible_after ? may : may_not)->push_back(member.user_id);
  }
  seeing = std::move(may);
  blind = std::move(may_not);
}

// Who joined without history must not get an old message through its edit. They hear of it without the message, so that
// their versions have no hole.
void tell_edit(ConversationState& state, Decider& decider, const Change& change, Message message) {
  Audience seeing = state.audience();
  Audience blind;
  if (std::ranges::any_of(state.members(), [&](const auto& m) { return m.member.visible_after >= message.seq; })) {
    split_audience(state, message.seq, seeing, blind);
  }
  decider.effects.events.push_back(ChangeEvent{change, std::move(message), std::move(seeing), {}});
  if (blind && !blind->empty()) decider.effects.events.push_back(ChangeEvent{change, {}, std::move(blind), {}});
}

}  // namespace

Change& record_change(ConversationState& state, Decider& decider, Change change, std::optional<Message> message,
                      UserId also) {
  state.head.version = state.head.version.next();
  change.conversation_id = state.head.id;
  change.version = state.head.version;
  change.by = decider.command.actor;
  change.at = decider.command.at;
  decider.effects.rows.conversations.push_back(state.head);
  if (message)
    tell_edit(state, decider, change, std::move(*message));
  else
    decider.effects.events.push_back(ChangeEvent{change, {}, state.audience(), std::move(also)});
  decider.effects.rows.changes.push_back(std::move(change));
  return decider.effects.rows.changes.back();
}

Decision change_decision(const ConversationState& state, bool changed) {
  Decision decision;
  decision.seq = state.head.last_seq;
  decision.version = state.head.version;
  decision.changed = changed;
  decision.created_at = state.head.created_at;
  return decision;
}

namespace {

Result<Decision> decide_typing(ConversationState& state, Decider& decider) {
  C4A_CHECK(authorize(state.head, member_of(state, decider.command.actor), Action::kType));
  decider.effects.events.push_back(TypingEvent{state.head.id, decider.command.actor, state.audience()});
  return change_decision(state, false);
}

struct Dispatch {
  ConversationState& state;
  Decider& decider;

  Result<Decision> operator()(CreateConversation&) const { return fail(ErrorCode::kInternal); }
  Result<Decision> operator()(SendMessage& send) const { return decide_send(state, decider, send); }
  Result<Decision> operator()(EditMessage& edit) const { return decide_edit(state, decider, edit); }
  Result<Decision> operator()(DeleteMessage&) const { return decide_delete(state, decider); }
  Result<Decision> operator()(ReactToMessage& react) const { return decide_reaction(state, decider, react); }
  Result<Decision> operator()(Acknowledge& ack) const { return decide_acknowledge(state, decider, ack); }
  Result<Decision> operator()(OpenDevice& open) const { return decide_open_device(state, decider, open); }
  Result<Decision> operator()(AddMember& add) const { return decide_add_member(state, decider, add); }
  Result<Decision> operator()(UpdateMember& update) const { return decide_update_member(state, decider, update); }
  Result<Decision> operator()(RemoveMember& remove) const { return decide_remove_member(state, decider, remove); }
  Result<Decision> operator()(UpdateConversation& update) const {
    return decide_update_conversation(state, decider, update);
  }
  Result<Decision> operator()(DeleteConversation&) const { return decide_delete_conversation(state, decider); }
  Result<Decision> operator()(Typing&) const { return decide_typing(state, decider); }
};

}  // namespace
}  // namespace router

Result<Decision> decide(std::unique_ptr<ConversationState>& state, Command& command, const Facts& facts,
                        const DecisionContext& context, Effects& effects) {
  router::Decider decider{command, facts, context, effects};
  if (auto* create = std::get_if<CreateConversation>(&command.request)) {
    return router::decide_create(state, decider, *create);
  }
  if (state == nullptr) {
    // The same answer as to somebody who is not in it.
    return std::unexpected(authorize(Conversation{}, nullptr, Action::kReadConversation).error());
  }
  return std::visit(router::Dispatch{*state, decider}, command.request);
}

}  // namespace c4a
