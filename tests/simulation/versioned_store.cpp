#include "versioned_store.h"

#include <fmt/format.h>

#include <algorithm>

namespace c4a::simulation {
namespace {

// Calls `visit(list, row, conversation)` for every row: `list` is the member of Rows that holds it.
template <class Visit>
void for_each_row(const Rows& rows, Visit visit) {
  for (const auto& row : rows.messages) visit(&Rows::messages, row, row.conversation_id);
  for (const auto& row : rows.conversations) visit(&Rows::conversations, row, row.id);
  for (const auto& row : rows.members) visit(&Rows::members, row, row.conversation_id);
  for (const auto& row : rows.progress) visit(&Rows::progress, row, row.conversation_id);
  for (const auto& row : rows.moves) visit(&Rows::moves, row, row.conversation_id);
  for (const auto& row : rows.changes) visit(&Rows::changes, row, row.conversation_id);
  for (const auto& row : rows.reactions) visit(&Rows::reactions, row, row.conversation_id);
  for (const auto& row : rows.receipts) visit(&Rows::receipts, row, row.conversation_id);
  for (const auto& row : rows.private_pairs) visit(&Rows::private_pairs, row, ConversationId{});
  for (const auto& row : rows.erased) visit(&Rows::erased, row, row);
}

auto key_facts(const Message& m) {
  return std::tie(m.message_id, m.from, m.payload, m.digest, m.edited_at, m.deleted_at);
}
auto key_facts(const Change& c) {
  return std::tie(c.type, c.by, c.at, c.message_id, c.seq, c.emoji, c.user_id, c.role, c.metadata);
}
auto key_facts(const Member& m) {
  return std::tie(m.role, m.visible_after, m.joined_after, m.joined_version, m.left_at, m.left_at_seq,
                  m.left_at_version);
}
auto key_facts(const Progress& p) { return std::tie(p.delivered, p.read); }
auto key_facts(const ReactionRow& r) { return std::tie(r.present); }

template <class Map>
bool same(const Map& one, const Map& other) {
  return std::ranges::equal(one, other, [](const auto& a, const auto& b) {
    return a.first == b.first && key_facts(a.second.value) == key_facts(b.second.value);
  });
}

}  // namespace

std::string VersionedStore::difference(const VersionedStore& other, const ConversationId& id) const {
  const Shelf* mine = find(id);
  const Shelf* theirs = other.find(id);
  if (mine == nullptr || theirs == nullptr) return mine == theirs ? "" : "existence";
  const Conversation& head = *mine->head.value;
  const Conversation& their_head = *theirs->head.value;
  if (head.deleted != their_head.deleted || head.metadata != their_head.metadata) return "head";
  const Seq last = exact(*mine).last_seq;
  const Seq their_last = exact(*theirs).last_seq;
  if (last != their_last || head.version != their_head.version) {
    return fmt::format("counters: seq {} instead of {}, version {} instead of {}", their_last.value, last.value,
                       their_head.version.value, head.version.value);
  }
  if (!same(mine->messages, theirs->messages)) return "messages";
  if (!same(mine->changes, theirs->changes)) return "changes";
  if (!same(mine->members, theirs->members)) return "members";
  if (!same(mine->reactions, theirs->reactions)) return "reactions";
  std::map<UserId, Progress> horizons;
  for (const auto& [user, cell] : mine->progress) horizons[user] = cell.value;
  for (const auto& [user, cell] : theirs->progress) {
    if (key_facts(horizons[user]) != key_facts(cell.value)) return "horizons";
  }
  return "";
}

std::vector<Rows> VersionedStore::parts_of(const Rows& rows) {
  if (atomicity_ == Atomicity::kCommit) return {rows};
  std::vector<Rows> parts;
  if (atomicity_ == Atomicity::kConversation) {
    std::map<ConversationId, Rows> by_conversation;
    for_each_row(rows, [&](auto list, const auto& row, const ConversationId& id) {
      (by_conversation[id].*list).push_back(row);
    });
    for (auto& [id, part] : by_conversation) parts.push_back(std::move(part));
    return parts;
  }
  for_each_row(rows,
               [&](auto list, const auto& row, const ConversationId&) { (parts.emplace_back().*list).push_back(row); });
  for (std::size_t i = parts.size(); i > 1; --i) std::swap(parts[i - 1], parts[order_.below(i)]);
  return parts;
}

Result<> VersionedStore::commit(const Rows& rows, LogPosition position) {
  C4A_CHECK(at(Point::kCommit));
  for (const auto& part : parts_of(rows)) {
    if (heads_may_lead()) begin(part);
    put(part, position);
    if (atomicity_ != Atomicity::kCommit) C4A_CHECK(at(Point::kPartStored));
  }
  for_each_row(rows, [&](auto, const auto&, const ConversationId& id) { under_way_.erase(id); });
  committed_ = std::max(committed_, position);
  if (atomicity_ == Atomicity::kCommit) C4A_CHECK(at(Point::kPartStored));
  return {};
}

void VersionedStore::begin(const Rows& part) {
  for_each_row(part, [&](auto, const auto&, const ConversationId& id) {
    const Shelf* shelf = find(id);
    if (shelf == nullptr) return;
    UnderWay before;
    if (!shelf->messages.empty()) before.seq = shelf->messages.rbegin()->first;
    if (!shelf->changes.empty()) before.version = shelf->changes.rbegin()->first;
    under_way_.emplace(id, before);  // the first of several tries
  });
}

const VersionedStore::UnderWay* VersionedStore::before_what_is_under_way(const ConversationId& id) {
  const auto found = under_way_.find(id);
  return found != under_way_.end() && lag_.percent(50) ? &found->second : nullptr;
}

VersionedStore::Shelf* VersionedStore::writable(const ConversationId& id, LogPosition position) {
  touched.insert(id);
  Shelf& shelf = shelves_[id];
  return position < shelf.erased ? nullptr : &shelf;
}

void VersionedStore::put(const Rows& rows, LogPosition position) {
  const auto shelf = [&](const ConversationId& id) { return writable(id, position); };
  for (const auto& row : rows.messages) {
    if (auto* s = shelf(row.conversation_id)) s->messages[row.seq].put(row, position);
  }
  for (const auto& row : rows.conversations) {
    if (auto* s = shelf(row.id)) s->head.put(row, position);
  }
  for (const auto& row : rows.members) {
    if (auto* s = shelf(row.conversation_id)) s->members[row.member.user_id].put(row.member, position);
  }
  for (const auto& row : rows.progress) {
    if (auto* s = shelf(row.conversation_id)) s->progress[row.user_id].put(row.progress, position);
  }
  for (const auto& row : rows.moves) {
    if (auto* s = shelf(row.conversation_id)) s->moves.emplace(MoveKey{row.user_id, row.kind, row.up_to}, row);
  }
  for (const auto& row : rows.changes) {
    if (auto* s = shelf(row.conversation_id)) s->changes[row.version].put(row, position);
  }
  for (const auto& row : rows.reactions) {
    const ReactionKey key{row.seq, row.reaction.emoji, row.reaction.user_id};
    if (auto* s = shelf(row.conversation_id)) s->reactions[key].put(row, position);
  }
  for (const auto& row : rows.receipts) receipts_[row.sender].insert_or_assign(row.place(), row);
  for (const auto& row : rows.private_pairs) {
    auto& generation = generations_[{row.first, row.second}];
    generation = std::max(generation, row.generation);
  }
  for (const auto& id : rows.erased) {
    auto* s = shelf(id);
    if (s == nullptr) continue;
    auto head = s->head;
    *s = Shelf{};
    s->head = head;
    s->erased = position;
  }
}

const VersionedStore::Shelf* VersionedStore::find(const ConversationId& id) const {
  const auto found = shelves_.find(id);
  return found == shelves_.end() || !found->second.head.value ? nullptr : &found->second;
}

Conversation VersionedStore::exact(const Shelf& shelf) {
  Conversation head = *shelf.head.value;
  if (!shelf.messages.empty()) head.last_seq = std::max(head.last_seq, shelf.messages.rbegin()->first);
  return head;
}

Result<std::optional<ConversationState>> VersionedStore::load(const ConversationId& id) {
  C4A_CHECK(at(Point::kRead));
  under_way_.erase(id);
  const Shelf* shelf = find(id);
  if (shelf == nullptr) return std::nullopt;
  ConversationState state(exact(*shelf));
  for (const auto& [user, cell] : shelf->members) {
    const auto progress = shelf->progress.find(user);
    state.add({cell.value, progress == shelf->progress.end() ? Progress{} : progress->second.value});
  }
  state.members_changed();
  return state;
}

Result<std::optional<Conversation>> VersionedStore::conversation(const ConversationId& id) {
  const Shelf* shelf = find(id);
  if (shelf == nullptr) return std::nullopt;
  return exact(*shelf);
}

Result<std::optional<Member>> VersionedStore::member(const ConversationId& id, const UserId& user) {
  const Shelf* shelf = find(id);
  if (shelf == nullptr || !shelf->members.contains(user)) return std::nullopt;
  return shelf->members.at(user).value;
}

Result<std::vector<Member>> VersionedStore::members(const ConversationId& id, const UserId& after, std::size_t limit) {
  std::vector<Member> page;
  const Shelf* shelf = find(id);
  if (shelf == nullptr) return page;
  for (auto at = shelf->members.upper_bound(after); at != shelf->members.end() && page.size() < limit; ++at) {
    page.push_back(at->second.value);
  }
  return page;
}

Result<Progress> VersionedStore::progress(const ConversationId& id, const UserId& user) {
  const Shelf* shelf = find(id);
  if (shelf == nullptr || !shelf->progress.contains(user)) return Progress{};
  return shelf->progress.at(user).value;
}

Result<std::vector<ConversationRef>> VersionedStore::conversations_of(const UserId& user) {
  std::vector<ConversationRef> refs;
  for (const auto& [id, shelf] : shelves_) {
    const auto found = shelf.members.find(user);
    if (found != shelf.members.end()) refs.push_back({id, found->second.value.active()});
  }
  return refs;
}

Result<std::uint64_t> VersionedStore::private_generation(const UserId& first, const UserId& second) {
  return generations_[{first, second}];
}

Result<std::optional<Message>> VersionedStore::message(const ConversationId& id, Seq seq) {
  const Shelf* shelf = find(id);
  if (shelf == nullptr || !shelf->messages.contains(seq)) return std::nullopt;
  return shelf->messages.at(seq).value;
}

Result<std::optional<Message>> VersionedStore::message(const ConversationId& id, const MessageId& message_id) {
  C4A_CHECK(at(Point::kRead));
  const Shelf* shelf = find(id);
  if (shelf == nullptr) return std::nullopt;
  for (const auto& [seq, cell] : shelf->messages) {
    if (cell.value.message_id == message_id) return cell.value;
  }
  return std::nullopt;
}

Result<std::vector<std::pair<ConversationId, Seq>>> VersionedStore::find_message(const MessageId& message_id) {
  std::vector<std::pair<ConversationId, Seq>> found;
  for (const auto& [id, shelf] : shelves_) {
    C4A_TRY(const auto one, message(id, message_id));
    if (one) found.emplace_back(id, one->seq);
  }
  return found;
}

Result<std::vector<Message>> VersionedStore::messages_after(const ConversationId& id, Seq after, Seq until,
                                                            std::size_t limit) {
  std::vector<Message> page;
  const Shelf* shelf = find(id);
  if (shelf == nullptr) return page;
  if (const auto* before = before_what_is_under_way(id)) until = std::min(until, before->seq);
  for (auto at = shelf->messages.upper_bound(after); at != shelf->messages.end() && page.size() < limit; ++at) {
    if (at->first > until) break;
    page.push_back(at->second.value);
  }
  return page;
}

Result<std::vector<Message>> VersionedStore::messages_before(const ConversationId& id, Seq before, std::size_t limit) {
  std::vector<Message> page;
  C4A_CHECK(scan_back(id, {}, Seq{before.value - 1}, [&](const Message& message) {
    page.push_back(message);
    return page.size() < limit;
  }));
  std::ranges::reverse(page);
  return page;
}

Result<> VersionedStore::scan_back(const ConversationId& id, Seq after, Seq until,
                                   const std::function<bool(const Message&)>& visit) {
  const Shelf* shelf = find(id);
  if (shelf == nullptr) return {};
  for (auto at = shelf->messages.upper_bound(until); at != shelf->messages.begin();) {
    --at;
    if (at->first <= after || !visit(at->second.value)) break;
  }
  return {};
}

Result<std::vector<MessageHeader>> VersionedStore::headers(const ConversationId& id, Seq after, Seq until,
                                                           std::size_t limit) {
  C4A_CHECK(at(Point::kRead));
  std::vector<MessageHeader> found;
  C4A_CHECK(scan_back(id, after, until, [&](const Message& message) {
    if (found.size() < limit || message.request_delivery_receipt) found.push_back(header_of(message));
    return true;
  }));
  std::ranges::reverse(found);
  return found;
}

Result<std::vector<Change>> VersionedStore::changes_after(const ConversationId& id, Version after, Version until,
                                                          std::size_t limit) {
  std::vector<Change> page;
  const Shelf* shelf = find(id);
  if (shelf == nullptr) return page;
  if (const auto* before = before_what_is_under_way(id)) until = std::min(until, before->version);
  for (auto at = shelf->changes.upper_bound(after); at != shelf->changes.end() && page.size() < limit; ++at) {
    if (at->first > until) break;
    page.push_back(at->second.value);
  }
  return page;
}

Result<std::vector<Reaction>> VersionedStore::reactions(const ConversationId& id, Seq seq) {
  std::vector<Reaction> found;
  const Shelf* shelf = find(id);
  if (shelf == nullptr) return found;
  for (const auto& [key, cell] : shelf->reactions) {
    if (std::get<Seq>(key) == seq && cell.value.present) found.push_back(cell.value.reaction);
  }
  return found;
}

Result<bool> VersionedStore::has_reaction(const ConversationId& id, Seq seq, std::string_view emoji,
                                          const UserId& user) {
  const Shelf* shelf = find(id);
  if (shelf == nullptr) return false;
  const auto found = shelf->reactions.find({seq, std::string(emoji), user});
  return found != shelf->reactions.end() && found->second.value.present;
}

Result<std::optional<HorizonMove>> VersionedStore::first_move(const ConversationId& id, const UserId& user,
                                                              HorizonMove::Kind kind, Seq seq) {
  const Shelf* shelf = find(id);
  if (shelf == nullptr) return std::nullopt;
  const auto found = shelf->moves.lower_bound({user, kind, seq});
  if (found == shelf->moves.end()) return std::nullopt;
  const auto& [mover, moved, up_to] = found->first;
  if (mover != user || moved != kind) return std::nullopt;
  return found->second;
}

Result<std::vector<ReceiptEvent>> VersionedStore::receipts_after(const UserId& sender, const ReceiptPlace& after,
                                                                 LogPosition before, std::size_t limit) {
  std::vector<ReceiptEvent> page;
  const auto& mine = receipts_[sender];
  const auto end = mine.lower_bound({before, 0});
  for (auto at = mine.upper_bound(after); at != end && page.size() < limit; ++at) page.push_back(at->second);
  return page;
}

Result<std::vector<Device>> VersionedStore::devices(const UserId& user) {
  std::vector<Device> found;
  for (const auto& [id, device] : devices_[user]) found.push_back(device);
  return found;
}

Result<> VersionedStore::put_device(const UserId& user, const Device& device) {
  devices_[user].insert_or_assign(device.id, device);
  return {};
}

Result<> VersionedStore::drop_device(const UserId& user, const DeviceId& device) {
  devices_[user].erase(device);
  return {};
}

std::vector<ConversationId> VersionedStore::all_conversations() const {
  std::vector<ConversationId> ids;
  for (const auto& [id, shelf] : shelves_) {
    if (shelf.head.value) ids.push_back(id);
  }
  return ids;
}

}  // namespace c4a::simulation
