// The reads of RocksMessageStore: each is one or two ranges.

#include <algorithm>
#include <iterator>

#include "message_store/floors.h"
#include "message_store/rocks_database.h"
#include "message_store/rocks_keys.h"
#include "message_store/rocks_message_store.h"
#include "message_store/row_codec.h"

namespace c4a {
namespace {

using rocks::Family;
using rocks::HeadRowTag;
using rocks::KeyWriter;
using rocks::LogRowTag;
using rocks::Scan;
using rocks::UserRowTag;
using rocks::view;

constexpr std::size_t kReserve = 512;  // a page; a limit may be absurdly high

// An exclusive upper bound for message keys up to `until`.
std::string message_bound(const ConversationId& id, Seq until) {
  if (until.value == ~std::uint64_t{0}) return rocks::within(id.view());
  return std::string(KeyWriter().message(id, until.next()));
}

// The conversation of a scan of `heads` that stands at its first row; moves on to the member rows.
Result<std::optional<Conversation>> read_head(Scan& scan, const ConversationId& id) {
  std::optional<Conversation> head;
  Seq floor;
  for (; scan.valid() && static_cast<HeadRowTag>(scan.key()[rocks::kIdBytes]) <= HeadRowTag::kFloor; scan.next()) {
    if (static_cast<HeadRowTag>(scan.key()[rocks::kIdBytes]) == HeadRowTag::kConversation) {
      head = rocks::get_conversation(scan.value());
      if (!head) return fail(scan.damaged_row());
    } else {
      const auto number = rocks::get_number(scan.value());
      if (!number) return fail(scan.damaged_row());
      floor = {*number};
    }
  }
  C4A_CHECK(scan.status());
  if (!head) return std::nullopt;
  head->id = id;
  head->last_seq = std::max(head->last_seq, floor);
  return head;
}

Result<Member> read_member(const Scan& scan) {
  auto member = rocks::get_member(scan.value());
  if (!member) return fail(scan.damaged_row());
  member->user_id.text = rocks::user_in_head(scan.key());
  return std::move(*member);
}

}  // namespace

bool RocksMessageStore::hidden(TimestampMs created_at) const {
  return created_at < database_->expiry().cutoff.load(std::memory_order_relaxed);
}

Result<> RocksMessageStore::raise_to_last_message(Conversation& head) {
  C4A_TRY(const Seq last, rocks::last_message_seq(*database_, head.id));
  head.last_seq = std::max(head.last_seq, last);
  return {};
}

Result<std::optional<ConversationState>> RocksMessageStore::load(const ConversationId& id) {
  const bool floors_complete = database_->floors_complete;
  Scan scan(*database_, Family::kHeads, id.view(), rocks::within(id.view()));
  scan.to_first();
  C4A_TRY(auto head, read_head(scan, id));
  if (!head) return std::nullopt;
  if (!floors_complete) C4A_CHECK(raise_to_last_message(*head));
  ConversationState state(std::move(*head));
  for (; scan.valid(); scan.next()) {
    if (static_cast<HeadRowTag>(scan.key()[rocks::kIdBytes]) == HeadRowTag::kMember) {
      C4A_TRY(Member member, read_member(scan));
      state.add({std::move(member), {}});
      continue;
    }
    auto progress = rocks::get_progress(scan.value());
    if (!progress) return fail(scan.damaged_row());
    MemberState* member = state.find(UserId{std::string(rocks::user_in_head(scan.key()))});
    if (member != nullptr) member->progress = std::move(*progress);
  }
  C4A_CHECK(scan.status());
  state.members_changed();
  return state;
}

Result<std::optional<Conversation>> RocksMessageStore::conversation(const ConversationId& id) {
  const bool floors_complete = database_->floors_complete;
  Scan scan(*database_, Family::kHeads, id.view(), std::string(KeyWriter().head(id, HeadRowTag::kMember)));
  scan.to_first();
  C4A_TRY(auto head, read_head(scan, id));
  if (head && !floors_complete) C4A_CHECK(raise_to_last_message(*head));
  return head;
}

Result<std::optional<Member>> RocksMessageStore::member(const ConversationId& id, const UserId& user) {
  KeyWriter key;
  rocksdb::PinnableSlice value;
  C4A_TRY(const bool found, database_->get(Family::kHeads, key.member(id, user), value));
  if (!found) return std::nullopt;
  auto member = rocks::get_member(view(value));
  if (!member) return fail(database_->damaged_row(Family::kHeads, key.member(id, user)));
  member->user_id = user;
  return member;
}

Result<std::vector<Member>> RocksMessageStore::members(const ConversationId& id, const UserId& after,
                                                       std::size_t limit) {
  Scan scan(*database_, Family::kHeads, KeyWriter().member(id, after),
            rocks::end_of(KeyWriter().head(id, HeadRowTag::kMember)));
  std::vector<Member> members;
  for (scan.to_first(); scan.valid() && members.size() < limit; scan.next()) {
    if (rocks::user_in_head(scan.key()) == after.text) continue;
    C4A_TRY(Member member, read_member(scan));
    members.push_back(std::move(member));
  }
  C4A_CHECK(scan.status());
  return members;
}

Result<std::vector<UserId>> RocksMessageStore::member_ids(const ConversationId& id) {
  KeyWriter key;
  const std::string prefix(key.head(id, HeadRowTag::kMember));
  Scan scan(*database_, Family::kHeads, prefix, rocks::end_of(prefix));
  std::vector<UserId> users;
  for (scan.to_first(); scan.valid(); scan.next()) users.emplace_back(std::string(rocks::user_in_head(scan.key())));
  C4A_CHECK(scan.status());
  return users;
}

Result<Progress> RocksMessageStore::progress(const ConversationId& id, const UserId& user) {
  KeyWriter key;
  rocksdb::PinnableSlice value;
  C4A_TRY(const bool found, database_->get(Family::kHeads, key.progress(id, user), value));
  if (!found) return Progress{};
  auto progress = rocks::get_progress(view(value));
  if (!progress) return fail(database_->damaged_row(Family::kHeads, key.progress(id, user)));
  return std::move(*progress);
}

Result<std::vector<ConversationRef>> RocksMessageStore::conversations_of(const UserId& user) {
  const std::string prefix(KeyWriter().user(user, UserRowTag::kConversation));
  Scan scan(*database_, Family::kUsers, prefix, rocks::end_of(prefix));
  std::vector<ConversationRef> conversations;
  for (scan.to_first(); scan.valid(); scan.next()) {
    const auto active = rocks::get_number(scan.value());
    if (!active) return fail(scan.damaged_row());
    conversations.push_back({ConversationId::from_view(rocks::rest_in_user(scan.key(), user)), *active != 0});
  }
  C4A_CHECK(scan.status());
  return conversations;
}

Result<std::uint64_t> RocksMessageStore::private_generation(const UserId& first, const UserId& second) {
  KeyWriter key;
  rocksdb::PinnableSlice value;
  C4A_TRY(const bool found, database_->get(Family::kUsers, key.private_pair(first, second), value));
  if (!found) return 0;
  const auto generation = rocks::get_number(view(value));
  if (!generation) return fail(database_->damaged_row(Family::kUsers, key.private_pair(first, second)));
  return *generation;
}

Result<std::optional<Message>> RocksMessageStore::message(const ConversationId& id, Seq seq) {
  KeyWriter key;
  rocksdb::PinnableSlice value;
  C4A_TRY(const bool found, database_->get(Family::kMessages, key.message(id, seq), value));
  if (!found) return std::nullopt;
  auto message = rocks::get_message(view(value));
  if (!message) return fail(database_->damaged_row(Family::kMessages, key.message(id, seq)));
  if (hidden(message->created_at)) return std::nullopt;
  message->conversation_id = id;
  message->seq = seq;
  return message;
}

Result<std::optional<Message>> RocksMessageStore::message(const ConversationId& id, const MessageId& message_id) {
  KeyWriter key;
  rocksdb::PinnableSlice value;
  C4A_TRY(const bool found, database_->get(Family::kIds, key.message_id(message_id, id), value));
  if (!found) return std::nullopt;
  const auto row = rocks::get_id(view(value));
  if (!row) return fail(database_->damaged_row(Family::kIds, key.message_id(message_id, id)));
  return message(id, row->seq);
}

Result<std::vector<std::pair<ConversationId, Seq>>> RocksMessageStore::find_message(const MessageId& message_id) {
  Scan scan(*database_, Family::kIds, message_id.view(), rocks::within(message_id.view()));
  std::vector<std::pair<ConversationId, Seq>> found;
  for (scan.to_first(); scan.valid(); scan.next()) {
    const auto row = rocks::get_id(scan.value());
    if (!row) return fail(scan.damaged_row());
    const auto id = ConversationId::from_view(scan.key().substr(rocks::kIdBytes));
    // The entry may have outlived its message.
    C4A_TRY(const auto present, message(id, row->seq));
    if (present) found.emplace_back(id, row->seq);
  }
  C4A_CHECK(scan.status());
  return found;
}

Result<std::vector<Message>> RocksMessageStore::messages_after(const ConversationId& id, Seq after, Seq until,
                                                               std::size_t limit) {
  std::vector<Message> messages;
  if (after >= until) return messages;
  messages.reserve(std::min({limit, kReserve, static_cast<std::size_t>(until.value - after.value)}));
  Scan scan(*database_, Family::kMessages, KeyWriter().message(id, after.next()), message_bound(id, until));
  for (scan.to_first(); scan.valid() && messages.size() < limit; scan.next()) {
    auto message = rocks::get_message(scan.value());
    if (!message) return fail(scan.damaged_row());
    if (hidden(message->created_at)) continue;
    message->conversation_id = id;
    message->seq = {rocks::position_in(scan.key())};
    messages.push_back(std::move(*message));
  }
  C4A_CHECK(scan.status());
  return messages;
}

Result<> RocksMessageStore::scan_back(const ConversationId& id, Seq after, Seq until,
                                      const std::function<bool(const Message&)>& visit) {
  if (after >= until) return {};
  Scan scan(*database_, Family::kMessages, KeyWriter().message(id, after.next()), message_bound(id, until));
  for (scan.to_last(); scan.valid(); scan.previous()) {
    auto message = rocks::get_message(scan.value());
    if (!message) return fail(scan.damaged_row());
    if (hidden(message->created_at)) continue;
    message->conversation_id = id;
    message->seq = {rocks::position_in(scan.key())};
    if (!visit(*message)) break;
  }
  return scan.status();
}

Result<std::vector<Message>> RocksMessageStore::messages_before(const ConversationId& id, Seq before,
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

Result<std::vector<MessageHeader>> RocksMessageStore::headers(const ConversationId& id, Seq after, Seq until,
                                                              std::size_t limit) {
  std::vector<MessageHeader> newest;
  if (after >= until) return newest;
  Seq oldest = until.value == ~std::uint64_t{0} ? until : until.next();  // of the newest ones
  if (limit > 0) {
    Scan scan(*database_, Family::kMessages, KeyWriter().message(id, after.next()), message_bound(id, until));
    for (scan.to_last(); scan.valid() && newest.size() < limit; scan.previous()) {
      auto header = rocks::get_header(scan.value());
      if (!header) return fail(scan.damaged_row());
      oldest = {rocks::position_in(scan.key())};
      if (hidden(header->created_at)) continue;
      header->seq = oldest;
      newest.push_back(std::move(*header));
    }
    C4A_CHECK(scan.status());
    if (newest.size() < limit) oldest = after.next();  // that was all
  }
  std::ranges::reverse(newest);
  if (oldest <= after.next()) return newest;
  C4A_TRY(auto headers, asked_headers(id, after, oldest));
  headers.insert(headers.end(), std::make_move_iterator(newest.begin()), std::make_move_iterator(newest.end()));
  return headers;
}

Result<std::vector<MessageHeader>> RocksMessageStore::asked_headers(const ConversationId& id, Seq after, Seq before) {
  std::vector<MessageHeader> headers;
  Scan asked(*database_, Family::kLog, KeyWriter().receipt_asked(id, after.next()),
             std::string(KeyWriter().receipt_asked(id, before)));
  KeyWriter key;
  rocksdb::PinnableSlice value;
  for (asked.to_first(); asked.valid(); asked.next()) {
    const Seq seq{rocks::position_in(asked.key())};
    C4A_TRY(const bool found, database_->get(Family::kMessages, key.message(id, seq), value));
    if (!found) continue;  // expired
    auto header = rocks::get_header(view(value));
    if (!header) return fail(database_->damaged_row(Family::kMessages, key.message(id, seq)));
    if (hidden(header->created_at)) continue;
    header->seq = seq;
    headers.push_back(std::move(*header));
  }
  C4A_CHECK(asked.status());
  return headers;
}

Result<std::vector<Change>> RocksMessageStore::changes_after(const ConversationId& id, Version after, Version until,
                                                             std::size_t limit) {
  std::vector<Change> changes;
  if (after >= until) return changes;
  const std::string end = until.value == ~std::uint64_t{0} ? rocks::end_of(KeyWriter().log(id, LogRowTag::kChange))
                                                           : std::string(KeyWriter().change(id, until.next()));
  Scan scan(*database_, Family::kLog, KeyWriter().change(id, after.next()), end);
  for (scan.to_first(); scan.valid() && changes.size() < limit; scan.next()) {
    auto change = rocks::get_change(scan.value());
    if (!change) return fail(scan.damaged_row());
    change->conversation_id = id;
    change->version = {rocks::position_in(scan.key())};
    changes.push_back(std::move(*change));
  }
  C4A_CHECK(scan.status());
  return changes;
}

Result<std::vector<Reaction>> RocksMessageStore::reactions(const ConversationId& id, Seq seq) {
  const std::string prefix(KeyWriter().reactions(id, seq));
  Scan scan(*database_, Family::kLog, prefix, rocks::end_of(prefix));
  std::vector<Reaction> reactions;
  for (scan.to_first(); scan.valid(); scan.next()) {
    auto key = rocks::reaction_in(scan.key());
    const auto at = rocks::time_of(scan.value());
    if (!key || !at) return fail(scan.damaged_row());
    reactions.push_back({std::move(key->emoji), std::move(key->user), *at});
  }
  C4A_CHECK(scan.status());
  return reactions;
}

Result<bool> RocksMessageStore::has_reaction(const ConversationId& id, Seq seq, std::string_view emoji,
                                             const UserId& user) {
  rocksdb::PinnableSlice value;
  return database_->get(Family::kLog, KeyWriter().reaction(id, seq, emoji, user), value);
}

Result<std::optional<HorizonMove>> RocksMessageStore::first_move(const ConversationId& id, const UserId& user,
                                                                 HorizonMove::Kind kind, Seq seq) {
  Scan scan(*database_, Family::kLog, KeyWriter().move(id, user, kind, seq),
            rocks::end_of(KeyWriter().moves(id, user, kind)));
  scan.to_first();
  C4A_CHECK(scan.status());
  if (!scan.valid()) return std::nullopt;
  const auto at = rocks::time_of(scan.value());
  if (!at) return fail(scan.damaged_row());
  return HorizonMove{id, user, kind, {rocks::position_in(scan.key())}, *at};
}

Result<std::vector<ReceiptEvent>> RocksMessageStore::receipts_after(const UserId& sender, const ReceiptPlace& after,
                                                                    LogPosition before, std::size_t limit) {
  const std::string start(KeyWriter().receipt(sender, after.position, after.index));
  Scan scan(*database_, Family::kUsers, start, rocks::end_of(KeyWriter().user(sender, UserRowTag::kReceipt)));
  std::vector<ReceiptEvent> receipts;
  for (scan.to_first(); scan.valid() && receipts.size() < limit; scan.next()) {
    if (scan.key() == start) continue;
    auto receipt = rocks::get_receipt(scan.value());
    if (!receipt) return fail(scan.damaged_row());
    const std::string_view place = rocks::rest_in_user(scan.key(), sender);
    receipt->sender = sender;
    receipt->position = {rocks::position_in(place.substr(0, 8))};
    if (receipt->position >= before) break;
    receipt->index = rocks::receipt_index_in(place);
    receipts.push_back(std::move(*receipt));
  }
  C4A_CHECK(scan.status());
  return receipts;
}

}  // namespace c4a
