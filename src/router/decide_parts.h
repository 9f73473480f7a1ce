#pragma once

// Private to router/: one function per kind of command, and what they share.

#include "router/decide.h"

namespace c4a::router {

struct Decider {
  Command& command;
  const Facts& facts;
  const DecisionContext& context;
  Effects& effects;
};

Result<Decision> decide_send(ConversationState& state, Decider& decider, SendMessage& send);
Result<Decision> decide_acknowledge(ConversationState& state, Decider& decider, const Acknowledge& ack);
Result<Decision> decide_open_device(ConversationState& state, Decider& decider, const OpenDevice& open);
Result<Decision> decide_edit(ConversationState& state, Decider& decider, EditMessage& edit);
Result<Decision> decide_delete(ConversationState& state, Decider& decider);
Result<Decision> decide_reaction(ConversationState& state, Decider& decider, ReactToMessage& reaction);
Result<Decision> decide_create(std::unique_ptr<ConversationState>& state, Decider& decider, CreateConversation& create);
Result<Decision> decide_add_member(ConversationState& state, Decider& decider, const AddMember& add);
Result<Decision> decide_update_member(ConversationState& state, Decider& decider, const UpdateMember& update);
Result<Decision> decide_remove_member(ConversationState& state, Decider& decider, const RemoveMember& remove);
Result<Decision> decide_update_conversation(ConversationState& state, Decider& decider,
                                            const UpdateConversation& update);
Result<Decision> decide_delete_conversation(ConversationState& state, Decider& decider);

const Member* member_of(const ConversationState& state, const UserId& user);

// The next version, with its row and its event.
Change& record_change(ConversationState& state, Decider& decider, Change change, std::optional<Message> message = {},
                      UserId also = {});

// What a change answers; `changed` false where nothing was altered.
Decision change_decision(const ConversationState& state, bool changed);

}  // namespace c4a::router
