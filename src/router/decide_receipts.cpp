// Acknowledgements: where a status is kept from going back. A member's progress is two horizons that only grow, so a
// late or repeated report changes nothing.

#include <algorithm>

#include "base/planted_bug.h"
#include "domain/authorize.h"
#include "router/decide_parts.h"

namespace c4a::router {
namespace {

bool concerns(const MessageHeader& message, const MemberState& reader) {
  if (message.from == reader.member.user_id || !reader.member.was_member_at(message.seq)) return false;
  return message.to.empty() || std::ranges::find(message.to, reader.member.user_id) != message.to.end();
}

// Headers of after < seq <= until, oldest first: from the store what is stored, from memory what is newer.
std::vector<const MessageHeader*> covered_headers(const ConversationState& state, const Facts& facts, Seq after,
                                                  Seq until) {
  std::vector<const MessageHeader*> headers;
  const Seq recent_from = state.recent.empty() ? Seq{~0ULL} : state.recent.front().seq;
  for (const auto& header : facts.covered) {
    if (header.seq > after && header.seq <= until && header.seq < recent_from) headers.push_back(&header);
  }
  for (const auto& header : state.recent) {
    if (header.seq > after && header.seq <= until) headers.push_back(&header);
  }
  return headers;
}

// One step of one member (DELIVERED or READ) over a range of messages, told to those who wrote them.
class Announcement {
 public:
  Announcement(ConversationState& state, Decider& decider, const MemberState& reader, MessageStatus status)
      : state_(state), decider_(decider), reader_(reader), status_(status) {}

  // Every message that asked for it, each on its own, and durable.
  void asked_receipts(Seq after, Seq until) {
    if (planted(PlantedBug::kReceiptsMerged) && until.value != 0) after = std::max(after, Seq{until.value - 1});
    for (const auto* header : covered_headers(state_, decider_.facts, after, until)) {
      if (header->request_delivery_receipt && concerns(*header, reader_)) tell(*header, true);
    }
  }

  // Of every sender the newest message; it stands for the earlier ones. Those that asked have been told already.
  void newest_per_sender(Seq after, Seq until) {
    newest_per_sender(after, until, [&](const MessageHeader& header) { return concerns(header, reader_); });
  }
  // The same once all members have come so far: whoever was last, every sender in the range is told.
  void reached_by_all(Seq after, Seq until) {
    newest_per_sender(after, until, [](const MessageHeader&) { return true; });
  }

 private:
  template <class Wanted>
  void newest_per_sender(Seq after, Seq until, Wanted wanted) {
    const auto headers = covered_headers(state_, decider_.facts, after, until);
    std::vector<const UserId*> told;
    for (auto at = headers.rbegin(); at != headers.rend(); ++at) {
      const MessageHeader& header = **at;
      if (!wanted(header)) continue;
      if (std::ranges::any_of(told, [&](const UserId* sender) { return *sender == header.from; })) continue;
      told.push_back(&header.from);
      if (!header.request_delivery_receipt) tell(header, false);
    }
  }

  void tell(const MessageHeader& header, bool durable) {
    StatusEvent event{header.from, state_.head.id,         header.message_id,   header.seq,
                      status_,     reader_.member.user_id, decider_.command.at, decider_.context.position,
                      {}};
    if (durable) {
      event.receipt = next_index();
      decider_.effects.rows.receipts.push_back({header.from, event.position, *event.receipt, state_.head.id,
                                                header.message_id, header.seq, event.user_id, status_, event.at});
    }
    decider_.effects.events.push_back(std::move(event));
  }

  // The identity of a receipt within its command.
  std::uint32_t next_index() const {
    const auto& receipts = decider_.effects.rows.receipts;
    const bool first = receipts.empty() || receipts.back().position != decider_.context.position;
    return first ? 0 : receipts.back().index + 1;
  }

  ConversationState& state_;
  Decider& decider_;
  const MemberState& reader_;
  MessageStatus status_;
};

struct Step {
  MessageStatus status;
  HorizonMove::Kind kind;
  Seq Progress::* horizon;
  HorizonFloor ConversationState::* floor;
};

constexpr Step kDelivery{MessageStatus::kDelivered, HorizonMove::Kind::kDelivered, &Progress::delivered,
                         &ConversationState::delivered_floor};
constexpr Step kReading{MessageStatus::kRead, HorizonMove::Kind::kRead, &Progress::read,
                        &ConversationState::read_floor};

// Moves one horizon up to `up_to`. False where it stands there already, or further on.
bool advance(ConversationState& state, Decider& decider, MemberState& reader, const Step& step, Seq up_to,
             bool announce_newest) {
  Seq& horizon = reader.progress.*step.horizon;
  if (up_to <= horizon && !planted(PlantedBug::kHorizonGoesDown)) return false;
  const bool large = state.active_count() > decider.context.rules.receipt_members;
  HorizonFloor& floor = state.*step.floor;
  if (!large)
    floor.stop();
  else if (!floor.started())
    floor.start(state, covered_headers(state, decider.facts, {}, state.head.last_seq));
  const Seq before = horizon;
  horizon = up_to;
  decider.effects.rows.moves.push_back({state.head.id, reader.member.user_id, step.kind, up_to, decider.command.at});

  Announcement announcement(state, decider, reader, step.status);
  announcement.asked_receipts(before, up_to);
  if (!large) {
    if (announce_newest) announcement.newest_per_sender(before, up_to);
  } else if (const auto risen = floor.moved(state, reader, before, up_to)) {
    announcement.reached_by_all(risen->first, risen->second);
  }
  return true;
}

bool move_cursor(const MemberState& reader, Progress& progress, const Acknowledge& ack, Seq up_to, Version version) {
  auto found = std::ranges::find(progress.devices, ack.device, &DeviceCursor::device);
  if (found == progress.devices.end()) {
    if (progress.devices.size() >= kMaxDevices) progress.devices.erase(progress.devices.begin());
    progress.devices.push_back(catch_up_start(reader.member, progress, ack.device));
    found = std::prev(progress.devices.end());
  }
  const DeviceCursor before = *found;
  found->seq = std::max(found->seq, up_to);
  found->version = std::max(found->version, version);
  return found->seq != before.seq || found->version != before.version;
}

}  // namespace

Result<Decision> decide_acknowledge(ConversationState& state, Decider& decider, const Acknowledge& ack) {
  C4A_CHECK(authorize(state.head, member_of(state, decider.command.actor), Action::kAcknowledge));
  MemberState& reader = *state.find(decider.command.actor);
  const Seq up_to = planted(PlantedBug::kAcknowledgedBeyondEnd)
                        ? ack.up_to_seq
                        : std::min(ack.up_to_seq, reader.member.readable_until(state.head.last_seq));
  const Version version =
      std::min(ack.up_to_version, reader.member.active() ? state.head.version : reader.member.left_at_version);

  const bool moved = move_cursor(reader, reader.progress, ack, up_to, version);
  const bool read_moves = ack.read && up_to > reader.progress.read;
  const bool counts = !ack.read || !planted(PlantedBug::kReadWithoutDelivered);
  const bool delivered = counts && advance(state, decider, reader, kDelivery, up_to, !read_moves);
  const bool read = ack.read && advance(state, decider, reader, kReading, up_to, true);
  if (moved || delivered || read) state.touch(reader);
  return change_decision(state, delivered || read);
}

Result<Decision> decide_open_device(ConversationState& state, Decider& decider, const OpenDevice& open) {
  C4A_CHECK(authorize(state.head, member_of(state, decider.command.actor), Action::kAcknowledge));
  MemberState& owner = *state.find(decider.command.actor);
  auto& devices = owner.progress.devices;
  std::erase_if(devices, [&](const DeviceCursor& cursor) {
    return std::ranges::find(open.retired, cursor.device) != open.retired.end();
  });
  auto cursor = std::ranges::find(devices, open.device, &DeviceCursor::device);
  if (cursor == devices.end()) {
    if (devices.size() >= kMaxDevices) devices.erase(devices.begin());
    devices.push_back({open.device, {}, {}});
    cursor = std::prev(devices.end());
  }
  // It may have acknowledged over REST before it was ever seen.
  cursor->seq = std::max({cursor->seq, owner.progress.delivered, owner.member.joined_after});
  cursor->version = state.head.version;
  state.touch(owner);
  return change_decision(state, true);
}

}  // namespace c4a::router

namespace c4a {

void take_progress_rows(ConversationState& state, Rows& rows) {
  for (const std::uint32_t index : state.take_touched()) {
    const MemberState& member = state.members()[index];
    rows.progress.push_back({state.head.id, member.member.user_id, member.progress});
  }
}

}  // namespace c4a
