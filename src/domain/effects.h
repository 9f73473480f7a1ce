#pragma once

// What deciding a command leads to: an answer, rows to make durable, and events to send to whoever is online.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "domain/change.h"
#include "domain/conversation.h"
#include "domain/message.h"
#include "domain/receipts_seen.h"

namespace c4a {

// The answer to a command. Errors are decisions too (Result<Decision>).
struct Decision {
  MessageId message_id;
  Seq seq;                 // a send: the message's; create and others: last_seq
  Version version;         // the version that the command took, or the present one
  bool duplicate = false;  // a repeated send, or a private conversation that existed
  bool changed = true;     // false: the command altered nothing, no version was taken
  TimestampMs created_at = 0;
  // False: the command is safe in the log, but its router has not answered in time, so seq and version are not known.
  bool decided = true;
};

// A step that the sender of a message with request_delivery_receipt is told of, even after being away.
struct ReceiptEvent {
  UserId sender;         // to whom it goes
  LogPosition position;  // with `index` its order and its identity
  std::uint32_t index = 0;
  ConversationId conversation_id;
  MessageId message_id;
  Seq seq;
  UserId user_id;  // whose step it is
  MessageStatus status = MessageStatus::kDelivered;
  TimestampMs at = 0;

  ReceiptPlace place() const { return {position, index}; }
};

struct MemberRow {
  ConversationId conversation_id;
  Member member;
};

struct ProgressRow {
  ConversationId conversation_id;
  UserId user_id;
  Progress progress;
};

struct ReactionRow {
  ConversationId conversation_id;
  Seq seq;
  Reaction reaction;
  bool present = true;  // false: the reaction is taken back
};

// How often the private conversation of a pair was deleted: its next one needs another id.
struct PrivatePairRow {
  UserId first;  // first < second
  UserId second;
  std::uint64_t generation = 0;
};

// Rows to put, all in one commit. A message that is put again (edited, deleted) replaces its row.
struct Rows {
  std::vector<Message> messages;
  std::vector<Conversation> conversations;
  std::vector<MemberRow> members;
  std::vector<ProgressRow> progress;
  std::vector<HorizonMove> moves;
  std::vector<Change> changes;
  std::vector<ReactionRow> reactions;
  std::vector<ReceiptEvent> receipts;
  std::vector<PrivatePairRow> private_pairs;
  std::vector<ConversationId> erased;  // everything of these goes, but the conversation's row

  bool empty() const {
    return messages.empty() && conversations.empty() && members.empty() && progress.empty() && moves.empty() &&
           changes.empty() && reactions.empty() && receipts.empty() && private_pairs.empty() && erased.empty();
  }
  void clear() { *this = Rows{}; }
};

// Events for whoever is online. The frame is made once for all who get it.
struct MessageEvent {
  Message message;
  Audience audience;
  SessionNumber except = 0;  // the session that sent it has its answer instead
};

struct ChangeEvent {
  Change change;
  std::optional<Message> message;  // for kMessageUpdated
  Audience audience;
  UserId also;  // one who has just left, and hears of it
};

struct StatusEvent {
  UserId recipient;  // the sender of the message
  ConversationId conversation_id;
  MessageId message_id;
  Seq seq;
  MessageStatus status = MessageStatus::kDelivered;
  UserId user_id;
  TimestampMs at = 0;
  LogPosition position;                  // of the acknowledgement
  std::optional<std::uint32_t> receipt;  // the index of the ReceiptEvent that it is as well
};

struct TypingEvent {
  ConversationId conversation_id;
  UserId user_id;
  Audience audience;
};

using Event = std::variant<MessageEvent, ChangeEvent, StatusEvent, TypingEvent>;

struct Effects {
  Rows rows;
  std::vector<Event> events;

  void clear() {
    rows.clear();
    events.clear();
  }
};

}  // namespace c4a
