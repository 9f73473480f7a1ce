// What is done to a message after it was sent: edit, delete, reactions.

#include "domain/authorize.h"
#include "router/decide_parts.h"

namespace c4a::router {
namespace {

std::unexpected<Error> no_such_message() {
  return fail(ErrorCode::kMessageNotFound, "There is no such message, or it is not yours to see.");
}

// The message, as far as the actor may see it. A stranger learns nothing of it.
Result<Message> visible_target(const ConversationState& state, const Decider& decider) {
  const Member* actor = member_of(state, decider.command.actor);
  const auto& target = decider.facts.target;
  if (state.head.deleted || actor == nullptr || !actor->active()) return no_such_message();
  if (!target || target->seq <= actor->visible_after) return no_such_message();
  return *target;
}

std::unexpected<Error> is_deleted() {
  return fail(ErrorCode::kMessageDeleted, "The message was deleted; nothing can be done to it any more.");
}

Change change_of(const Message& message, ChangeType type) {
  Change change;
  change.type = type;
  change.message_id = message.message_id;
  change.seq = message.seq;
  return change;
}

Decision decision_for(const ConversationState& state, const Message& message, bool changed) {
  Decision decision = change_decision(state, changed);
  decision.message_id = message.message_id;
  decision.seq = message.seq;
  decision.created_at = message.created_at;
  return decision;
}

}  // namespace

Result<Decision> decide_edit(ConversationState& state, Decider& decider, EditMessage& edit) {
  C4A_TRY(Message message, visible_target(state, decider));
  const Member* actor = member_of(state, decider.command.actor);
  C4A_CHECK(authorize(state.head, actor, Action::kEditMessage, {.author = &message.from}));
  if (message.deleted_at) return is_deleted();
  if (edit.payload_type != message.payload_type) {
    return fail_field("/payload/type", "must stay what it was when the message was sent");
  }
  if (edit.payload == message.payload) return decision_for(state, message, false);
  message.payload = std::move(edit.payload);
  message.edited_at = decider.command.at;
  record_change(state, decider, change_of(message, ChangeType::kMessageUpdated), message);
  const Decision decision = decision_for(state, message, true);
  decider.effects.rows.messages.push_back(std::move(message));
  return decision;
}

Result<Decision> decide_delete(ConversationState& state, Decider& decider) {
  C4A_TRY(Message message, visible_target(state, decider));
  const Member* actor = member_of(state, decider.command.actor);
  C4A_CHECK(authorize(state.head, actor, Action::kDeleteMessage, {.author = &message.from}));
  if (message.deleted_at) return decision_for(state, message, false);
  message.payload.clear();
  message.deleted_at = decider.command.at;
  record_change(state, decider, change_of(message, ChangeType::kMessageDeleted));
  const Decision decision = decision_for(state, message, true);
  decider.effects.rows.messages.push_back(std::move(message));
  return decision;
}

Result<Decision> decide_reaction(ConversationState& state, Decider& decider, ReactToMessage& reaction) {
  C4A_TRY(const Message message, visible_target(state, decider));
  C4A_CHECK(authorize(state.head, member_of(state, decider.command.actor), Action::kReact));
  if (message.deleted_at) return is_deleted();
  if (decider.facts.reaction_present == reaction.add) return decision_for(state, message, false);
  Change change = change_of(message, reaction.add ? ChangeType::kReactionAdded : ChangeType::kReactionRemoved);
  change.emoji = reaction.emoji;
  record_change(state, decider, std::move(change));
  decider.effects.rows.reactions.push_back({state.head.id,
                                            message.seq,
                                            {std::move(reaction.emoji), decider.command.actor, decider.command.at},
                                            reaction.add});
  return decision_for(state, message, true);
}

}  // namespace c4a::router
