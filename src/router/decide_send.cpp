// Sending: where a repeated send is recognised, and where a message gets its place in the conversation.

#include <fmt/format.h>

#include "base/planted_bug.h"
#include "domain/authorize.h"
#include "router/decide_parts.h"

namespace c4a::router {
namespace {

// A sender's cursor passes its own messages in memory; only every so often is that worth a row. What is lost in a crash
// costs a look at messages that the device itself sent.
constexpr std::uint64_t kOwnMessagesPerRow = 64;

// The same sender and content: the first answer again. Anything else under the same id is a conflict.
Result<Decision> answer_repeat(const ConversationState& state, const MessageHeader& first, const Message& again) {
  const bool same = first.digest == again.digest || planted(PlantedBug::kDedupeIgnoresContent);
  if (first.from != again.from || !same) {
    return fail(ErrorCode::kMessageIdConflict,
                "This message_id was used for another message in the conversation; send with a new one.");
  }
  Decision decision;
  decision.message_id = first.message_id;
  decision.seq = first.seq;
  decision.version = state.head.version;
  decision.duplicate = true;
  decision.created_at = first.created_at;
  return decision;
}

Result<> check_recipients(const ConversationState& state, const Message& message) {
  Error error{ErrorCode::kValidationFailed, {}, {}, {}};
  for (std::size_t i = 0; i < message.to.size(); ++i) {
    const Member* member = member_of(state, message.to[i]);
    if (member == nullptr || !member->active()) {
      error.fields.push_back({fmt::format("/to/{}", i), fmt::format("{} is not a member", message.to[i].text)});
    }
  }
  if (error.fields.empty()) return {};
  error.detail = "Every recipient in `to` must be a member of the conversation.";
  return fail(std::move(error));
}

void pass_own_message(ConversationState& state, const Message& message) {
  MemberState& sender = *state.find(message.from);
  for (auto& cursor : sender.progress.devices) {
    const bool next = cursor.seq.next() == message.seq || planted(PlantedBug::kCursorMovesWithoutAck);
    if (cursor.device != message.from_device || !next) continue;
    cursor.seq = message.seq;
    if (message.seq.value % kOwnMessagesPerRow == 0) state.touch(sender);
  }
  state.delivered_floor.pass_own(sender, message.seq);
  state.read_floor.pass_own(sender, message.seq);
}

}  // namespace

Result<Decision> decide_send(ConversationState& state, Decider& decider, SendMessage& send) {
  Message& message = send.message;
  C4A_CHECK(authorize(state.head, member_of(state, decider.command.actor), Action::kSend));
  // An id that the gateway made can only come again within the log's own retries: it is looked for in memory alone.
  const MessageHeader* first = state.find_recent(message.message_id);
  if (planted(PlantedBug::kDedupeForgetsRecent)) first = nullptr;
  if (first != nullptr) return answer_repeat(state, *first, message);
  if (decider.facts.repeat) return answer_repeat(state, *decider.facts.repeat, message);
  C4A_CHECK(check_recipients(state, message));
  if (message.reply_to && !decider.facts.reply_to_present && state.find_recent(*message.reply_to) == nullptr) {
    return fail_field("/reply_to", "names no message of this conversation");
  }

  state.head.last_seq = state.head.last_seq.next();
  message.seq = state.head.last_seq;
  message.conversation_id = state.head.id;
  message.routed_at = decider.context.now;
  if (planted(PlantedBug::kRecentTrimmedBeforeCommit)) state.recent.clear();
  state.recent.push_back(header_of(message));
  pass_own_message(state, message);

  Decision decision;
  decision.message_id = message.message_id;
  decision.seq = message.seq;
  decision.version = state.head.version;
  decision.created_at = message.created_at;
  decider.effects.rows.messages.push_back(message);
  const SessionNumber except = planted(PlantedBug::kExceptIgnored) ? 0 : decider.command.session;
  decider.effects.events.push_back(MessageEvent{std::move(message), state.audience(), except});
  return decision;
}

}  // namespace c4a::router
