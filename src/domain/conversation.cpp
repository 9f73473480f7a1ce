#include "domain/conversation.h"

#include <algorithm>

#include "base/planted_bug.h"

namespace c4a {
namespace {

// Below this a scan is faster than a hash, and a private conversation carries no map.
constexpr std::size_t kLinearMembers = 8;

// More room than this many times what is kept is given back: it was for one large batch.
constexpr std::size_t kRecentSlack = 4;

// Messages: who is farther behind is away, and of what they acknowledge one day the store tells.
constexpr std::uint64_t kMostUnreported = 128;

}  // namespace

std::string_view to_text(ConversationType type) { return type == ConversationType::kPrivate ? "private" : "group"; }

std::string_view to_text(Role role) {
  switch (role) {
    case Role::kOwner:
      return "owner";
    case Role::kAdmin:
      return "admin";
    case Role::kMember:
      return "member";
  }
  return "member";
}

std::optional<Role> parse_role(std::string_view text) {
  if (text == "owner") return Role::kOwner;
  if (text == "admin") return Role::kAdmin;
  if (text == "member") return Role::kMember;
  return std::nullopt;
}

bool Member::was_member_at(Seq seq) const {
  if (seq > joined_after && (active() || seq <= left_at_seq)) return true;
  return std::ranges::any_of(
      earlier, [seq](const PastMembership& past) { return seq > past.joined_after && seq <= past.left_at_seq; });
}

const DeviceCursor* Progress::find(const DeviceId& device) const {
  const auto found = std::ranges::find(devices, device, &DeviceCursor::device);
  return found == devices.end() ? nullptr : &*found;
}

DeviceCursor catch_up_start(const Member& member, const Progress& progress, const DeviceId& device) {
  DeviceCursor start{device, member.joined_after, member.joined_version};
  if (const DeviceCursor* known = progress.find(device)) {
    start.seq = std::max(start.seq, known->seq);
    start.version = std::max(start.version, known->version);
  }
  return start;
}

ConversationId private_conversation_id(const UserId& one, const UserId& other, std::uint64_t generation) {
  // A space stands in no user id.
  const auto& [first, second] = std::minmax(one.text, other.text);
  return {Uuid::from_name("private " + first + " " + second + " " + std::to_string(generation))};
}

const MemberState* ConversationState::find(const UserId& user) const {
  if (members_.size() > kLinearMembers) {
    const auto found = index_.find(user);
    return found == index_.end() ? nullptr : &members_[found->second];
  }
  const auto found = std::ranges::find_if(members_, [&](const auto& m) { return m.member.user_id == user; });
  return found == members_.end() ? nullptr : &*found;
}

MemberState* ConversationState::find(const UserId& user) {
  return const_cast<MemberState*>(static_cast<const ConversationState*>(this)->find(user));
}

MemberState* ConversationState::find_active(const UserId& user) {
  MemberState* found = find(user);
  return found != nullptr && found->member.active() ? found : nullptr;
}

MemberState& ConversationState::add(MemberState member) {
  members_.push_back(std::move(member));
  if (members_.size() == kLinearMembers + 1) {
    for (std::uint32_t i = 0; i < members_.size(); ++i) index_.emplace(members_[i].member.user_id, i);
  } else if (members_.size() > kLinearMembers) {
    index_.emplace(members_.back().member.user_id, static_cast<std::uint32_t>(members_.size() - 1));
  }
  return members_.back();
}

void ConversationState::members_changed() {
  auto present = std::make_shared<std::vector<UserId>>();
  for (const auto& state : members_) {
    if (state.member.active() || planted(PlantedBug::kFormerMemberInAudience)) present->push_back(state.member.user_id);
  }
  audience_ = std::move(present);
  delivered_floor.members_changed();
  read_floor.members_changed();
}

void ConversationState::touch(MemberState& member) {
  if (std::exchange(member.touched, true)) return;
  touched_.push_back(static_cast<std::uint32_t>(&member - members_.data()));
}

std::vector<std::uint32_t> ConversationState::take_touched() {
  for (const std::uint32_t index : touched_) members_[index].touched = false;
  return std::exchange(touched_, {});
}

std::size_t ConversationState::owner_count() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      members_, [](const auto& m) { return m.member.active() && m.member.role == Role::kOwner; }));
}

const MessageHeader* ConversationState::find_recent(const MessageId& id) const {
  const auto found = std::ranges::find(recent.rbegin(), recent.rend(), id, &MessageHeader::message_id);
  return found == recent.rend() ? nullptr : &*found;
}

std::size_t ConversationState::unreported() const {
  std::uint64_t most = 0;
  if (recent.empty() || members_.size() > kLinearMembers) return most;
  const UserId& writer = recent.back().from;  // who reports nothing of what she writes
  for (const auto& [member, progress, delivered_reach, read_reach, touched] : members_) {
    const auto behind = head.last_seq.value - std::min(progress.delivered, head.last_seq).value;
    if (behind <= kMostUnreported && member.active() && member.user_id != writer) most = std::max(most, behind);
  }
  return most;
}

void ConversationState::trim_recent(std::size_t keep) {
  keep = std::max(keep, unreported());
  if (recent.size() > keep) recent.erase(recent.begin(), recent.end() - static_cast<std::ptrdiff_t>(keep));
  if (recent.capacity() > kRecentSlack * keep) recent.shrink_to_fit();
}

}  // namespace c4a
