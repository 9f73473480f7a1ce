// Conversations and their members.

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/json_merge.h"
#include "base/planted_bug.h"
#include "domain/authorize.h"
#include "router/decide_parts.h"

namespace c4a::router {
namespace {

constexpr std::size_t kMaxMetadataBytes = 16 * 1024;

Change member_change(ChangeType type, const Member& member) {
  Change change;
  change.type = type;
  change.user_id = member.user_id;
  change.role = member.role;
  return change;
}

Result<> check_group(const ConversationState& state) {
  if (state.head.type == ConversationType::kGroup) return {};
  return fail(ErrorCode::kMembersFixed,
              "A private conversation has its two members for good; create a group to talk with others.");
}

// The row of a member who joins now, for the first time or again.
Member joining(const ConversationState& state, const Decider& decider, const AddMember& add, const Member* former) {
  Member member;
  if (former != nullptr) {
    member.earlier = former->earlier;
    member.earlier.push_back({former->joined_after, former->left_at_seq});
  }
  member.user_id = add.user_id;
  member.role = add.role;
  member.joined_at = decider.command.at;
  member.joined_after = state.head.last_seq;
  member.joined_version = state.head.version;
  if (!add.sees_history && !planted(PlantedBug::kHistoryNoneIgnored)) member.visible_after = state.head.last_seq;
  return member;
}

std::unexpected<Error> last_owner() {
  return fail(ErrorCode::kLastOwner, "The group's last owner must make another member owner first.");
}

bool is_last_owner(const ConversationState& state, const Member& member) {
  return member.role == Role::kOwner && state.owner_count() == 1 && !planted(PlantedBug::kLastOwnerLeaves);
}

void set_role(ConversationState& state, Decider& decider, MemberState& target, Role role) {
  target.member.role = role;
  state.members_changed();
  record_change(state, decider, member_change(ChangeType::kMemberUpdated, target.member));
  decider.effects.rows.members.push_back({state.head.id, target.member});
}

// Of members who joined at once the first by user_id, so that the order in memory decides nothing.
bool is_elder(const Member& one, const Member& other) {
  return std::tie(one.joined_at, one.user_id) < std::tie(other.joined_at, other.user_id);
}

// An account that goes may leave a group without an owner: its eldest member takes over.
void hand_over(ConversationState& state, Decider& decider, const UserId& leaving) {
  MemberState* heir = nullptr;
  for (auto& candidate : state.members()) {
    if (!candidate.member.active() || candidate.member.user_id == leaving) continue;
    if (heir == nullptr || is_elder(candidate.member, heir->member)) heir = &candidate;
  }
  if (heir != nullptr) set_role(state, decider, *heir, Role::kOwner);
}

// The generation grows with each deletion, so that the pair's next conversation gets an id of its own.
PrivatePairRow next_generation(const ConversationState& state) {
  const UserId& one = state.members()[0].member.user_id;
  const UserId& other = state.members()[1].member.user_id;
  std::uint64_t generation = 0;
  while (private_conversation_id(one, other, generation) != state.head.id) ++generation;
  return {std::min(one, other), std::max(one, other), generation + 1};
}

}  // namespace

Result<Decision> decide_create(std::unique_ptr<ConversationState>& state, Decider& decider,
                               CreateConversation& create) {
  if (state != nullptr) {
    if (state->head.deleted) return fail(ErrorCode::kConflict, "This conversation was deleted.");
    Decision decision = change_decision(*state, false);
    decision.duplicate = true;
    return decision;
  }
  Conversation head;
  head.id = decider.command.conversation_id;
  head.type = create.type;
  head.metadata = std::move(create.metadata);
  head.created_by = decider.command.actor;
  head.created_at = decider.command.at;
  state = std::make_unique<ConversationState>(std::move(head));
  for (auto& user : create.members) {
    Member member;
    member.role = user == decider.command.actor ? Role::kOwner : Role::kMember;
    member.user_id = std::move(user);
    member.joined_at = decider.command.at;
    decider.effects.rows.members.push_back({state->head.id, member});
    state->add({std::move(member), {}});
  }
  state->members_changed();
  decider.effects.rows.conversations.push_back(state->head);
  return change_decision(*state, true);
}

Result<Decision> decide_add_member(ConversationState& state, Decider& decider, const AddMember& add) {
  C4A_CHECK(authorize(state.head, member_of(state, decider.command.actor), Action::kReadConversation));
  C4A_CHECK(check_group(state));
  C4A_CHECK(authorize(state.head, member_of(state, decider.command.actor), Action::kAddMember, {.role = add.role}));
  MemberState* known = state.find(add.user_id);
  if (known != nullptr && known->member.active()) {
    return fail(ErrorCode::kAlreadyMember, fmt::format("{} is already a member.", add.user_id.text));
  }
  if (state.active_count() >= kMaxGroupMembers) {
    return fail_field("/user_id", fmt::format("a group has at most {} members", kMaxGroupMembers));
  }
  Member member = joining(state, decider, add, known == nullptr ? nullptr : &known->member);
  if (known == nullptr)
    known = &state.add({std::move(member), {}});
  else
    known->member = std::move(member);
  state.members_changed();
  record_change(state, decider, member_change(ChangeType::kMemberAdded, known->member));
  decider.effects.rows.members.push_back({state.head.id, known->member});
  return change_decision(state, true);
}

Result<Decision> decide_update_member(ConversationState& state, Decider& decider, const UpdateMember& update) {
  const Member* actor = member_of(state, decider.command.actor);
  C4A_CHECK(authorize(state.head, actor, Action::kSend));
  C4A_CHECK(check_group(state));
  MemberState* target = state.find_active(update.user_id);
  if (target == nullptr) return fail(ErrorCode::kNotFound, "There is no such member.");
  C4A_CHECK(authorize(state.head, actor, Action::kChangeRole, {.member = &target->member, .role = update.role}));
  if (target->member.role == update.role) return change_decision(state, false);
  if (is_last_owner(state, target->member)) return last_owner();
  set_role(state, decider, *target, update.role);
  return change_decision(state, true);
}

Result<Decision> decide_remove_member(ConversationState& state, Decider& decider, const RemoveMember& remove) {
  MemberState* target = state.find_active(remove.user_id);
  if (!remove.user_deleted) {
    const Member* actor = member_of(state, decider.command.actor);
    C4A_CHECK(authorize(state.head, actor, Action::kSend));
    C4A_CHECK(check_group(state));
    if (target == nullptr) return fail(ErrorCode::kNotFound, "There is no such member.");
    C4A_CHECK(authorize(state.head, actor, Action::kRemoveMember, {.member = &target->member}));
    if (is_last_owner(state, target->member) && state.active_count() > 1) return last_owner();
  } else if (target == nullptr || state.head.deleted) {
    return change_decision(state, false);
  } else if (is_last_owner(state, target->member)) {
    hand_over(state, decider, remove.user_id);
  }
  Member& member = target->member;
  member.left_at = decider.command.at;
  member.left_at_seq = state.head.last_seq;
  member.left_at_version = state.head.version.next();
  state.members_changed();
  record_change(state, decider, member_change(ChangeType::kMemberRemoved, member), {}, member.user_id);
  decider.effects.rows.members.push_back({state.head.id, member});
  return change_decision(state, true);
}

Result<Decision> decide_update_conversation(ConversationState& state, Decider& decider,
                                            const UpdateConversation& update) {
  C4A_CHECK(authorize(state.head, member_of(state, decider.command.actor), Action::kUpdateConversation));
  C4A_TRY(std::string merged, merge_patch(state.head.metadata, update.metadata_patch));
  if (merged.size() > kMaxMetadataBytes) {
    return fail_field("/metadata", fmt::format("may have {} bytes after merging", kMaxMetadataBytes));
  }
  if (merged == state.head.metadata) return change_decision(state, false);
  state.head.metadata = std::move(merged);
  Change change;
  change.type = ChangeType::kConversationUpdated;
  change.metadata = state.head.metadata;
  record_change(state, decider, std::move(change));
  return change_decision(state, true);
}

Result<Decision> decide_delete_conversation(ConversationState& state, Decider& decider) {
  C4A_CHECK(authorize(state.head, member_of(state, decider.command.actor), Action::kDeleteConversation));
  state.head.deleted = true;
  state.head.version = state.head.version.next();
  state.head.metadata = "{}";
  Rows& rows = decider.effects.rows;
  rows.conversations.push_back(state.head);
  rows.erased.push_back(state.head.id);
  for (const auto& user : *state.audience()) {
    Change change;
    change.conversation_id = state.head.id;
    change.version = state.head.version;
    change.type = ChangeType::kMemberRemoved;
    change.by = decider.command.actor;
    change.at = decider.command.at;
    change.user_id = user;
    decider.effects.events.push_back(ChangeEvent{std::move(change), {}, nullptr, user});
  }
  if (state.head.type == ConversationType::kPrivate) {
    rows.private_pairs.push_back(next_generation(state));
  }
  return change_decision(state, true);
}

}  // namespace c4a::router
