#pragma once

#include <optional>
#include <span>
#include <utility>

#include "domain/ids.h"

namespace c4a {

class ConversationState;
struct MemberState;
struct MessageHeader;
struct Progress;

// The lowest horizon in a conversation: up to there every member has reached a step. In large groups live receipts are
// told only as it rises, so finding that out must not cost a look at every member for every acknowledgement.
//
// A member's own messages count as reached by them. In memory only; made anew from the members' progress.
class HorizonFloor {
 public:
  HorizonFloor(Seq Progress::* horizon, Seq MemberState::* reach) : horizon_(horizon), reach_(reach) {}

  bool started() const { return started_; }
  // From now on moves are watched. `headers`: the newest messages known, oldest first, for whose they are.
  void start(ConversationState& state, std::span<const MessageHeader* const> headers);
  // The group is small: everybody's moves are told as they come, and nothing is watched.
  void stop() { started_ = known_ = false; }

  // `reader` has come from `from` to `up_to`. Answers (before, now] if that raised the floor. Only when started.
  std::optional<std::pair<Seq, Seq>> moved(ConversationState& state, MemberState& reader, Seq from, Seq up_to);
  // `sender` wrote the message at `seq`.
  void pass_own(MemberState& sender, Seq seq);
  // Members came or went: the floor is found again at the next move.
  void members_changed() { known_ = false; }

  // A rise that a move of `reader` brings begins at or after this.
  Seq rise_begins(const ConversationState& state, const MemberState& reader) const;

 private:
  Seq reach_of(const MemberState& member, Seq horizon) const;
  void leave_floor(Seq reach);
  // Brings every member's reach up to date and finds the lowest.
  void find_floor(ConversationState& state);

  Seq Progress::* horizon_;
  Seq MemberState::* reach_;
  bool known_ = false;
  bool started_ = false;
  Seq floor_;
  std::size_t at_floor_ = 0;
};

}  // namespace c4a
