#include <algorithm>

#include "router/decide.h"

namespace c4a {
namespace {

FactsNeeded for_send(const ConversationState& state, const SendMessage& send) {
  FactsNeeded needed;
  const Message& message = send.message;
  const bool maybe_older = !state.recent_is_all();
  if (maybe_older && send.id_from_client && state.find_recent(message.message_id) == nullptr) {
    needed.repeat = message.message_id;
  }
  if (maybe_older && message.reply_to && state.find_recent(*message.reply_to) == nullptr)
    needed.reply_to = message.reply_to;
  return needed;
}

// In a large group a rise of the floor is told, which may begin below what the reader's own move covers. Bounded: of a
// longer range only the newest part is told.
void widen_to_rise(FactsNeeded::Range& range, const HorizonFloor& floor, const ConversationState& state,
                   const MemberState& reader) {
  if (!floor.started()) range.until = state.head.last_seq;
  const Seq bound{range.until.value - std::min<std::uint64_t>(range.until.value, kCoveredHeaders)};
  range.after = std::min(range.after, std::max(floor.rise_begins(state, reader), bound));
}

// What an acknowledgement covers beyond the messages in memory.
FactsNeeded for_acknowledge(const ConversationState& state, const UserId& actor, const Acknowledge& ack,
                            const RouterRules& rules) {
  FactsNeeded needed;
  const MemberState* reader = state.find(actor);
  if (reader == nullptr) return needed;
  FactsNeeded::Range range{reader->progress.delivered, std::min(ack.up_to_seq, state.head.last_seq)};
  if (ack.read) range.after = std::min(range.after, reader->progress.read);
  if (range.until <= range.after) return needed;
  if (state.active_count() > rules.receipt_members) {
    widen_to_rise(range, state.delivered_floor, state, *reader);
    if (ack.read) widen_to_rise(range, state.read_floor, state, *reader);
  }
  if (!state.recent.empty() && state.recent.front().seq <= range.after.next()) return needed;
  needed.covered = range;
  return needed;
}

}  // namespace

FactsNeeded facts_needed(const ConversationState* state, const Command& command, const RouterRules& rules) {
  FactsNeeded needed;
  if (state == nullptr) return needed;
  if (const auto* send = std::get_if<SendMessage>(&command.request)) return for_send(*state, *send);
  if (const auto* ack = std::get_if<Acknowledge>(&command.request)) {
    return for_acknowledge(*state, command.actor, *ack, rules);
  }
  if (const auto* edit = std::get_if<EditMessage>(&command.request)) needed.target = edit->message_id;
  if (const auto* erase = std::get_if<DeleteMessage>(&command.request)) needed.target = erase->message_id;
  if (const auto* reaction = std::get_if<ReactToMessage>(&command.request)) {
    needed.target = reaction->message_id;
    needed.reaction = *reaction;
  }
  return needed;
}

}  // namespace c4a
