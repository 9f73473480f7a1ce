#include "domain/horizon_floor.h"

#include <algorithm>

#include "domain/conversation.h"

namespace c4a {

Seq HorizonFloor::reach_of(const MemberState& member, Seq horizon) const {
  return std::max({member.*reach_, horizon, member.member.joined_after});
}

void HorizonFloor::find_floor(ConversationState& state) {
  at_floor_ = 0;
  floor_ = {};
  for (auto& member : state.members()) {
    if (!member.member.active()) continue;
    const Seq reach = member.*reach_ = reach_of(member, member.progress.*horizon_);
    if (at_floor_ == 0 || reach < floor_) {
      floor_ = reach;
      at_floor_ = 0;
    }
    if (reach == floor_) ++at_floor_;
  }
  known_ = true;
}

void HorizonFloor::leave_floor(Seq reach) {
  if (known_ && reach == floor_ && --at_floor_ == 0) known_ = false;
}

void HorizonFloor::start(ConversationState& state, std::span<const MessageHeader* const> headers) {
  for (auto& member : state.members()) member.*reach_ = reach_of(member, member.progress.*horizon_);
  for (const auto* header : headers) {
    MemberState* sender = state.find_active(header->from);
    if (sender != nullptr && (sender->*reach_).next() == header->seq) sender->*reach_ = header->seq;
  }
  find_floor(state);
  started_ = true;
}

std::optional<std::pair<Seq, Seq>> HorizonFloor::moved(ConversationState& state, MemberState& reader, Seq from,
                                                       Seq up_to) {
  const Seq before = reach_of(reader, from);
  Seq after = std::max(before, up_to);
  for (const auto& message : state.recent) {
    if (message.seq == after.next() && message.from == reader.member.user_id) after = message.seq;
  }
  reader.*reach_ = after;
  if (!reader.member.active()) return std::nullopt;
  if (after > before) leave_floor(before);
  if (known_) return std::nullopt;
  const Seq last = floor_;
  find_floor(state);
  if (floor_ <= last) return std::nullopt;
  return std::pair{last, floor_};
}

void HorizonFloor::pass_own(MemberState& sender, Seq seq) {
  const Seq before = reach_of(sender, sender.progress.*horizon_);
  if (before.next() != seq) return;
  sender.*reach_ = seq;
  leave_floor(before);
}

Seq HorizonFloor::rise_begins(const ConversationState& state, const MemberState& reader) const {
  if (started_) return known_ ? reader.progress.*horizon_ : floor_;
  Seq lowest = state.head.last_seq;
  for (const auto& member : state.members()) {
    if (member.member.active()) lowest = std::min(lowest, reach_of(member, member.progress.*horizon_));
  }
  return lowest;
}

}  // namespace c4a
