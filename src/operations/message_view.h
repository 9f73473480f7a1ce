#pragma once

// What is answered about one message: its present state, and how far it has come with each recipient.

#include <optional>
#include <string>
#include <vector>

#include "message_store/message_store.h"
#include "operations/read_access.h"

namespace c4a {

struct RecipientStatus {
  UserId user_id;
  MessageStatus status = MessageStatus::kSent;
  TimestampMs at = 0;
};

// One entry of the status history: SENT without a user, then one for each recipient and step.
struct StatusStep {
  MessageStatus status = MessageStatus::kSent;
  TimestampMs at = 0;
  std::optional<UserId> user_id;
};

// Members and horizons of a conversation, read once for many messages.
class Receipts {
 public:
  static Result<Receipts> load(MessageStore& store, const ConversationId& id);

  // The least that every recipient has reached; SENT where there is none.
  MessageStatus status_of(const Message& message) const;
  Result<std::vector<RecipientStatus>> recipients_of(MessageStore& store, const Message& message) const;
  // Oldest first.
  Result<std::vector<StatusStep>> history_of(MessageStore& store, const Message& message) const;

 private:
  bool is_recipient(const MemberState& member, const Message& message) const;

  ConversationState state_;
};

// Reactions by emoji.
struct ReactionCount {
  std::string emoji;
  std::size_t count = 0;
  std::vector<UserId> users;  // the first 100
};
Result<std::vector<ReactionCount>> reaction_counts(MessageStore& store, const Message& message);
// `reactions`: all of the message, in the order of emoji.
std::vector<ReactionCount> reaction_counts(const std::vector<Reaction>& reactions);

struct MessageView {
  Message message;
  MessageStatus status = MessageStatus::kSent;
  std::vector<ReactionCount> reactions;
};

// JSON of the answers.
std::string message_view_json(const MessageView& view, const std::vector<RecipientStatus>* recipients);
std::string status_history_json(const std::vector<StatusStep>& steps);
// `steps` without SENT make the rest of the timeline.
std::string timeline_json(const Message& message, const std::vector<StatusStep>& steps);

}  // namespace c4a
