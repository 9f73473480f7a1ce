#pragma once

// A conversation as its router knows it: the head that orders messages, the members, and how far each one has come.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "domain/horizon_floor.h"
#include "domain/ids.h"
#include "domain/message.h"

namespace c4a {

enum class ConversationType : std::uint8_t { kPrivate = 1, kGroup = 2 };
enum class Role : std::uint8_t { kMember = 1, kAdmin = 2, kOwner = 3 };

std::string_view to_text(ConversationType type);
std::string_view to_text(Role role);
std::optional<Role> parse_role(std::string_view text);

inline constexpr std::size_t kMaxGroupMembers = 10'000;

// The conversation's own row.
struct Conversation {
  ConversationId id;
  ConversationType type = ConversationType::kPrivate;
  std::string metadata = "{}";  // JSON object
  UserId created_by;
  TimestampMs created_at = 0;
  Seq last_seq;  // exact in memory; in the store a floor, see MessageStore::load
  Version version;
  bool deleted = false;
  // The last command whose effects are in here. Kept only where the log outlives the router
  // (RouterOptions::shared_log).
  LogPosition applied;
};

// A finished membership: messages after `joined_after` up to `left_at_seq` were addressed to the user.
struct PastMembership {
  Seq joined_after;
  Seq left_at_seq;
};

struct Member {
  UserId user_id;
  Role role = Role::kMember;
  TimestampMs joined_at = 0;
  Seq visible_after;  // messages up to here are hidden from the member (0: sees the past)
  Seq joined_after;   // last_seq when joining: later messages are addressed to the member
  Version joined_version;
  std::optional<TimestampMs> left_at;  // with the next two: a former member, who reads what came before
  Seq left_at_seq;
  Version left_at_version;
  std::vector<PastMembership> earlier;

  bool active() const { return !left_at.has_value(); }
  // Whether a message at `seq` was addressed to this member (as long as its `to` says nothing else).
  bool was_member_at(Seq seq) const;
  // The last message and change that this member may read.
  Seq readable_until(Seq last_seq) const { return left_at ? std::min(left_at_seq, last_seq) : last_seq; }
};

// Where one device of a member stands: what it has acknowledged.
struct DeviceCursor {
  DeviceId device;
  Seq seq;
  Version version;
};

// How far a member has come. Horizons only grow.
struct Progress {
  Seq delivered;
  Seq read;
  std::vector<DeviceCursor> devices;  // at most kMaxDevices

  const DeviceCursor* find(const DeviceId& device) const;
};

inline constexpr std::size_t kMaxDevices = 20;

// A move of a horizon, kept so that the time at which any message was delivered or read can be told: it is the first
// move at or above its seq.
struct HorizonMove {
  enum class Kind : std::uint8_t { kDelivered = 1, kRead = 2 };
  ConversationId conversation_id;
  UserId user_id;
  Kind kind = Kind::kDelivered;
  Seq up_to;
  TimestampMs at = 0;
};

struct MemberState {
  Member member;
  Progress progress;
  // In memory only: see HorizonFloor and ConversationState::touch.
  Seq delivered_reach{};
  Seq read_reach{};
  bool touched = false;
};

// The id of the private conversation of a pair. It follows from the pair, so two who create it at once get the same
// one; `generation` counts how often it was deleted.
ConversationId private_conversation_id(const UserId& one, const UserId& other, std::uint64_t generation);

// Where a device's catch-up begins: after what it has acknowledged, and never before the membership.
DeviceCursor catch_up_start(const Member& member, const Progress& progress, const DeviceId& device);

// The present members, shared with every event that goes out to them.
using Audience = std::shared_ptr<const std::vector<UserId>>;

class ConversationState {
 public:
  ConversationState() = default;
  explicit ConversationState(Conversation conversation) : head(std::move(conversation)) {}

  Conversation head;
  // The newest messages, oldest first: repeats are recognised and receipts addressed without a read of the store.
  std::vector<MessageHeader> recent;

  const std::vector<MemberState>& members() const { return members_; }
  std::vector<MemberState>& members() { return members_; }
  MemberState* find(const UserId& user);  // also a former member; null when never one
  const MemberState* find(const UserId& user) const;
  MemberState* find_active(const UserId& user);
  MemberState& add(MemberState member);
  // After a member came, left or changed: the audience and the counts are made anew.
  void members_changed();

  const Audience& audience() const { return audience_; }
  std::size_t active_count() const { return audience_ ? audience_->size() : 0; }
  std::size_t owner_count() const;

  // The member's progress changed: its row is due at the end of the batch.
  void touch(MemberState& member);
  std::vector<std::uint32_t> take_touched();

  HorizonFloor delivered_floor{&Progress::delivered, &MemberState::delivered_reach};
  HorizonFloor read_floor{&Progress::read, &MemberState::read_reach};

  const MessageHeader* find_recent(const MessageId& id) const;
  // Every message of the conversation is in `recent`: an id that is not there was never used.
  bool recent_is_all() const { return recent.empty() ? head.last_seq.value == 0 : recent.front().seq.value == 1; }
  // Forgets all but the newest `keep`, and what a member of a small conversation who reports deliveries a little behind
  // has not reported yet: that is what the next acknowledgement covers. Only after what is forgotten was committed.
  void trim_recent(std::size_t keep);

 private:
  std::size_t unreported() const;

  std::vector<MemberState> members_;
  std::unordered_map<UserId, std::uint32_t> index_;  // filled above kLinearMembers
  std::vector<std::uint32_t> touched_;
  Audience audience_;
};

}  // namespace c4a
