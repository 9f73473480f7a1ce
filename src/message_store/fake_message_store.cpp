#include "message_store/fake_message_store.h"

#include <algorithm>
#include <ranges>

namespace c4a {

void FakeMessageStore::fail_next_commits(int count) {
  const Guard guard(lock_);
  failures_due_ = count;
}

void FakeMessageStore::set_available(bool is_available) {
  const Guard guard(lock_);
  available_ = one_copy_ = is_available;
}

void FakeMessageStore::leave_one_copy() {
  const Guard guard(lock_);
  available_ = false;
  one_copy_ = true;
}

std::uint64_t FakeMessageStore::commits() const {
  const Guard guard(lock_);
  return commits_;
}

Result<> FakeMessageStore::available() const {
  if (available_) return {};
  return fail(ErrorCode::kUnavailable, "The fake message store was told to be away.");
}

const FakeMessageStore::Entry* FakeMessageStore::find(const ConversationId& id) const {
  const auto found = conversations_.find(id);
  return found == conversations_.end() ? nullptr : &found->second;
}

const Message* FakeMessageStore::visible(const Entry& entry, Seq seq) const {
  const auto found = entry.messages.find(seq);
  return found == entry.messages.end() || found->second.created_at < cutoff_ ? nullptr : &found->second;
}

std::optional<Message> FakeMessageStore::by_id(const ConversationId& id, const MessageId& message_id) const {
  const Entry* entry = find(id);
  if (entry == nullptr || !entry->ids.contains(message_id)) return std::nullopt;
  const Message* message = visible(*entry, entry->ids.at(message_id));
  if (message == nullptr) return std::nullopt;
  return *message;
}

Conversation FakeMessageStore::exact_head(const Entry& entry) {
  Conversation head = *entry.head;
  if (!entry.messages.empty()) head.last_seq = std::max(head.last_seq, entry.messages.rbegin()->first);
  return head;
}

Result<> FakeMessageStore::commit(const Rows& rows, LogPosition position) {
  const Guard guard(lock_);
  C4A_CHECK(available());
  if (failures_due_ > 0) {
    --failures_due_;
    return fail(ErrorCode::kUnavailable, "The fake message store was told to fail this commit.");
  }
  put_conversation_rows(rows);
  for (const ReceiptEvent& row : rows.receipts) receipts_[row.sender].insert_or_assign(row.place(), row);
  for (const PrivatePairRow& row : rows.private_pairs) generations_[{row.first, row.second}] = row.generation;
  for (const ConversationId& id : rows.erased) erase(id);
  position_ = position;
  ++commits_;
  return {};
}

void FakeMessageStore::put_conversation_rows(const Rows& rows) {
  for (const Conversation& row : rows.conversations) conversations_[row.id].head = row;
  for (const Message& row : rows.messages) {
    Entry& entry = conversations_[row.conversation_id];
    entry.messages.insert_or_assign(row.seq, row);
    entry.ids[row.message_id] = row.seq;
  }
  for (const MemberRow& row : rows.members) {
    conversations_[row.conversation_id].members.insert_or_assign(row.member.user_id, row.member);
    of_user_[row.member.user_id][row.conversation_id] = row.member.active();
  }
  for (const ProgressRow& row : rows.progress) {
    conversations_[row.conversation_id].progress.insert_or_assign(row.user_id, row.progress);
  }
  for (const HorizonMove& row : rows.moves) {
    conversations_[row.conversation_id].moves.insert_or_assign({row.user_id, row.kind, row.up_to}, row);
  }
  for (const Change& row : rows.changes) {
    conversations_[row.conversation_id].changes.insert_or_assign(row.version, row);
  }
  for (const ReactionRow& row : rows.reactions) {
    auto& reactions = conversations_[row.conversation_id].reactions;
    const auto key = std::tuple(row.seq, row.reaction.emoji, row.reaction.user_id);
    if (row.present) {
      reactions.insert_or_assign(key, row.reaction);
    } else {
      reactions.erase(key);
    }
  }
}

void FakeMessageStore::erase(const ConversationId& id) {
  const auto found = conversations_.find(id);
  if (found == conversations_.end()) return;
  for (const UserId& user : std::views::keys(found->second.members)) of_user_[user].erase(id);
  Entry kept;
  kept.head = std::move(found->second.head);
  found->second = std::move(kept);
}

Result<LogPosition> FakeMessageStore::committed_position() {
  const Guard guard(lock_);
  C4A_CHECK(available());
  return position_;
}

Result<std::optional<ConversationState>> FakeMessageStore::load(const ConversationId& id) {
  const Guard guard(lock_);
  C4A_CHECK(available());
  const Entry* entry = find(id);
  if (entry == nullptr || !entry->head) return std::nullopt;
  ConversationState state(exact_head(*entry));
  for (const auto& [user, member] : entry->members) {
    MemberState& added = state.add({member, {}});
    const auto progress = entry->progress.find(user);
    if (progress != entry->progress.end()) added.progress = progress->second;
  }
  state.members_changed();
  return state;
}

Result<std::optional<Conversation>> FakeMessageStore::conversation(const ConversationId& id) {
  const Guard guard(lock_);
  C4A_CHECK(available());
  const Entry* entry = find(id);
  if (entry == nullptr || !entry->head) return std::nullopt;
  return exact_head(*entry);
}

Result<std::optional<Member>> FakeMessageStore::member(const ConversationId& id, const UserId& user) {
  const Guard guard(lock_);
  C4A_CHECK(available());
  const Entry* entry = find(id);
  if (entry == nullptr || !entry->members.contains(user)) return std::nullopt;
  return entry->members.at(user);
}

Result<std::vector<Member>> FakeMessageStore::members(const ConversationId& id, const UserId& after,
                                                      std::size_t limit) {
  const Guard guard(lock_);
  C4A_CHECK(available());
  std::vector<Member> members;
  const Entry* entry = find(id);
  if (entry == nullptr) return members;
  for (auto at = entry->members.upper_bound(after); at != entry->members.end() && members.size() < limit; ++at) {
    members.push_back(at->second);
  }
  return members;
}

Result<Progress> FakeMessageStore::progress(const ConversationId& id, const UserId& user) {
  const Guard guard(lock_);
  C4A_CHECK(available());
  const Entry* entry = find(id);
  if (entry == nullptr || !entry->progress.contains(user)) return Progress{};
  return entry->progress.at(user);
}

Result<std::vector<ConversationRef>> FakeMessageStore::conversations_of(const UserId& user) {
  const Guard guard(lock_);
  C4A_CHECK(available());
  std::vector<ConversationRef> conversations;
  const auto found = of_user_.find(user);
  if (found == of_user_.end()) return conversations;
  for (const auto& [id, active] : found->second) conversations.push_back({id, active});
  return conversations;
}

Result<std::uint64_t> FakeMessageStore::private_generation(const UserId& first, const UserId& second) {
  const Guard guard(lock_);
  C4A_CHECK(available());
  const auto found = generations_.find({first, second});
  return found == generations_.end() ? 0 : found->second;
}

Result<std::optional<Message>> FakeMessageStore::message(const ConversationId& id, Seq seq) {
  const Guard guard(lock_);
  C4A_CHECK(available());
  const Entry* entry = find(id);
  const Message* message = entry == nullptr ? nullptr : visible(*entry, seq);
  if (message == nullptr) return std::nullopt;
  return *message;
}

Result<std::optional<Message>> FakeMessageStore::message(const ConversationId& id, const MessageId& message_id) {
  const Guard guard(lock_);
  C4A_CHECK(available());
  return by_id(id, message_id);
}

Result<std::optional<Message>> FakeMessageStore::message_in_one_copy(const ConversationId& id,
                                                                     const MessageId& message_id) {
  const Guard guard(lock_);
  if (!one_copy_) C4A_CHECK(available());
  return by_id(id, message_id);
}

Result<std::vector<std::pair<ConversationId, Seq>>> FakeMessageStore::find_message(const MessageId& message_id) {
  const Guard guard(lock_);
  C4A_CHECK(available());
  std::vector<std::pair<ConversationId, Seq>> found;
  for (const auto& [id, entry] : conversations_) {
    const auto seq = entry.ids.find(message_id);
    if (seq != entry.ids.end() && visible(entry, seq->second) != nullptr) found.emplace_back(id, seq->second);
  }
  return found;
}

Result<std::vector<Message>> FakeMessageStore::messages_after(const ConversationId& id, Seq after, Seq until,
                                                              std::size_t limit) {
  const Guard guard(lock_);
  C4A_CHECK(available());
  std::vector<Message> messages;
  const Entry* entry = find(id);
  if (entry == nullptr) return messages;
  for (auto at = entry->messages.upper_bound(after);
       at != entry->messages.end() && at->first <= until && messages.size() < limit; ++at) {
    if (visible(*entry, at->first) != nullptr) messages.push_back(at->second);
  }
  return messages;
}

Result<std::vector<Message>> FakeMessageStore::messages_before(const ConversationId& id, Seq before,
                                                               std::size_t limit) {
  std::vector<Message> messages;
  if (before.value == 0 || limit == 0) return messages;
  C4A_CHECK(scan_back(id, {}, {before.value - 1}, [&](const Message& message) {
    messages.push_back(message);
    return messages.size() < limit;
  }));
  std::ranges::reverse(messages);
  return messages;
}

Result<> FakeMessageStore::scan_back(const ConversationId& id, Seq after, Seq until,
                                     const std::function<bool(const Message&)>& visit) {
  std::vector<Message> messages;  // copied, so that `visit` may call the store
  {
    const Guard guard(lock_);
    C4A_CHECK(available());
    const Entry* entry = find(id);
    if (entry == nullptr) return {};
    for (auto at = entry->messages.upper_bound(after); at != entry->messages.end() && at->first <= until; ++at) {
      if (visible(*entry, at->first) != nullptr) messages.push_back(at->second);
    }
  }
  for (const Message& message : std::views::reverse(messages)) {
    if (!visit(message)) break;
  }
  return {};
}

Result<std::vector<MessageHeader>> FakeMessageStore::headers(const ConversationId& id, Seq after, Seq until,
                                                             std::size_t limit) {
  std::vector<MessageHeader> headers;
  std::size_t seen = 0;
  C4A_CHECK(scan_back(id, after, until, [&](const Message& message) {
    if (++seen <= limit || message.request_delivery_receipt) headers.push_back(header_of(message));
    return true;
  }));
  std::ranges::reverse(headers);
  return headers;
}

Result<std::vector<Change>> FakeMessageStore::changes_after(const ConversationId& id, Version after, Version until,
                                                            std::size_t limit) {
  const Guard guard(lock_);
  C4A_CHECK(available());
  std::vector<Change> changes;
  const Entry* entry = find(id);
  if (entry == nullptr) return changes;
  for (auto at = entry->changes.upper_bound(after);
       at != entry->changes.end() && at->first <= until && changes.size() < limit; ++at) {
    changes.push_back(at->second);
  }
  return changes;
}

Result<std::vector<Reaction>> FakeMessageStore::reactions(const ConversationId& id, Seq seq) {
  const Guard guard(lock_);
  C4A_CHECK(available());
  std::vector<Reaction> reactions;
  const Entry* entry = find(id);
  if (entry == nullptr) return reactions;
  for (auto at = entry->reactions.lower_bound({seq, {}, {}});
       at != entry->reactions.end() && std::get<Seq>(at->first) == seq; ++at) {
    reactions.push_back(at->second);
  }
  return reactions;
}

Result<bool> FakeMessageStore::has_reaction(const ConversationId& id, Seq seq, std::string_view emoji,
                                            const UserId& user) {
  const Guard guard(lock_);
  C4A_CHECK(available());
  const Entry* entry = find(id);
  return entry != nullptr && entry->reactions.contains({seq, std::string(emoji), user});
}

Result<std::optional<HorizonMove>> FakeMessageStore::first_move(const ConversationId& id, const UserId& user,
                                                                HorizonMove::Kind kind, Seq seq) {
  const Guard guard(lock_);
  C4A_CHECK(available());
  const Entry* entry = find(id);
  if (entry == nullptr) return std::nullopt;
  const auto at = entry->moves.lower_bound({user, kind, seq});
  if (at == entry->moves.end() || at->second.user_id != user || at->second.kind != kind) return std::nullopt;
  return at->second;
}

Result<std::vector<ReceiptEvent>> FakeMessageStore::receipts_after(const UserId& sender, const ReceiptPlace& after,
                                                                   LogPosition before, std::size_t limit) {
  const Guard guard(lock_);
  C4A_CHECK(available());
  std::vector<ReceiptEvent> receipts;
  const auto& all = receipts_[sender];
  const auto end = all.lower_bound({before, 0});
  for (auto at = all.upper_bound(after); at != end && receipts.size() < limit; ++at) receipts.push_back(at->second);
  return receipts;
}

Result<std::vector<Device>> FakeMessageStore::devices(const UserId& user) {
  const Guard guard(lock_);
  C4A_CHECK(available());
  std::vector<Device> devices;
  for (const auto& [id, device] : devices_[user]) devices.push_back(device);
  return devices;
}

Result<> FakeMessageStore::put_device(const UserId& user, const Device& device) {
  const Guard guard(lock_);
  C4A_CHECK(available());
  devices_[user].insert_or_assign(device.id, device);
  return {};
}

Result<> FakeMessageStore::drop_device(const UserId& user, const DeviceId& device) {
  const Guard guard(lock_);
  C4A_CHECK(available());
  devices_[user].erase(device);
  return {};
}

void FakeMessageStore::expire_before(TimestampMs cutoff) {
  const Guard guard(lock_);
  cutoff_ = std::max(cutoff_, cutoff);
}

Result<> FakeMessageStore::check() {
  const Guard guard(lock_);
  return available();
}

}  // namespace c4a
