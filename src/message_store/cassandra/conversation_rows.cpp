#include "message_store/cassandra/conversation_rows.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "base/clock.h"
#include "base/planted_bug.h"

namespace c4a::cassandra {
namespace {

// Of rows in one mutation, by a generous guess of their size; Cassandra takes mutations of several MiB, but large ones
// hold up everything behind them.
constexpr std::size_t kMutationBytes = 160 * 1024;
constexpr std::size_t kRowBytes = 120;  // keys, lengths, timestamps

// The rows of one kind come from one vector, so the later one has the greater address.
template <class Row, class Key>
void keep_last(std::vector<const Row*>& rows, Key key) {
  if (rows.size() < 2) return;
  std::ranges::sort(rows, {}, [&](const Row* row) { return std::pair(key(*row), row); });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i + 1 < rows.size() && key(*rows[i]) == key(*rows[i + 1])) continue;
    rows[kept++] = rows[i];
  }
  rows.resize(kept);
}

void keep_last_of_each(RowSelection& rows) {
  keep_last(rows.messages, [](const Message& row) { return row.seq; });
  keep_last(rows.members, [](const MemberRow& row) { return std::string_view(row.member.user_id.text); });
  keep_last(rows.progress, [](const ProgressRow& row) { return std::string_view(row.user_id.text); });
  keep_last(rows.moves,
            [](const HorizonMove& row) { return std::tuple(row.up_to, std::string_view(row.user_id.text), row.kind); });
  keep_last(rows.changes, [](const Change& row) { return row.version; });
  keep_last(rows.reactions, [](const ReactionRow& row) {
    return std::tuple(row.seq, std::string_view(row.reaction.emoji), std::string_view(row.reaction.user_id.text));
  });
  keep_last(rows.receipts, [](const ReceiptEvent& row) {
    return std::tuple(std::string_view(row.sender.text), row.position, row.index);
  });
  keep_last(rows.pairs, [](const PrivatePairRow& row) {
    return std::tuple(std::string_view(row.first.text), std::string_view(row.second.text));
  });
}

void forget_erased(RowSelection& rows) {
  rows.messages.clear();
  rows.members.clear();
  rows.progress.clear();
  rows.moves.clear();
  rows.changes.clear();
  rows.reactions.clear();
}

class Gathering {
 public:
  ConversationRows& of(const ConversationId& id) {
    const auto [place, is_new] = places_.try_emplace(id, all_.size());
    if (is_new) all_.emplace_back().id = id;
    return all_[place->second];
  }
  std::vector<ConversationRows> take() { return std::move(all_); }

 private:
  std::vector<ConversationRows> all_;
  std::unordered_map<ConversationId, std::size_t> places_;
};

std::size_t size_of(const Message& row) {
  std::size_t size = 2 * kRowBytes + row.payload.size() + row.metadata.size() + row.from.text.size();
  for (const UserId& user : row.to) size += user.text.size() + 2;
  if (row.channels) {
    for (const std::string& channel : *row.channels) size += channel.size() + 2;
  }
  return size;
}
std::size_t size_of(const MemberRow& row) {
  return kRowBytes + row.member.user_id.text.size() + 12 * row.member.earlier.size();
}
std::size_t size_of(const ProgressRow& row) {
  std::size_t size = kRowBytes + row.user_id.text.size();
  for (const DeviceCursor& cursor : row.progress.devices) size += cursor.device.text.size() + 16;
  return size;
}
std::size_t size_of(const HorizonMove& row) { return kRowBytes + row.user_id.text.size(); }
std::size_t size_of(const Change& row) { return kRowBytes + row.metadata.size() + row.emoji.size() + 128; }
std::size_t size_of(const ReactionRow& row) { return kRowBytes + row.reaction.emoji.size() + 64; }

// Divides rows until the mutation is full; from then on everything is outside, so that what is there is the beginning.
class Divider {
 public:
  explicit Divider(std::size_t room) : room_(room) {}

  template <class Row, class Bucket>
  void divide(const std::vector<const Row*>& rows, std::vector<const Row*>& atomic, std::vector<const Row*>& outside,
              Bucket bucket_of) {
    for (const Row* row : rows) {
      const bool fits = bucket_of(*row) == 0 && take(size_of(*row));
      (fits ? atomic : outside).push_back(row);
    }
  }

 private:
  bool take(std::size_t size) {
    if (size > room_) room_ = 0;
    room_ -= std::min(size, room_);
    return room_ > 0;
  }
  std::size_t room_;
};

}  // namespace

std::vector<ConversationRows> by_conversation(const Rows& rows, LogPosition position) {
  Gathering gathering;
  for (const Conversation& row : rows.conversations) gathering.of(row.id).head = &row;
  for (const Message& row : rows.messages) {
    ConversationRows& conversation = gathering.of(row.conversation_id);
    conversation.rows.messages.push_back(&row);
    conversation.last_seq = std::max(conversation.last_seq, row.seq);
  }
  for (const MemberRow& row : rows.members) gathering.of(row.conversation_id).rows.members.push_back(&row);
  for (const ProgressRow& row : rows.progress) gathering.of(row.conversation_id).rows.progress.push_back(&row);
  for (const HorizonMove& row : rows.moves) gathering.of(row.conversation_id).rows.moves.push_back(&row);
  for (const Change& row : rows.changes) gathering.of(row.conversation_id).rows.changes.push_back(&row);
  for (const ReactionRow& row : rows.reactions) gathering.of(row.conversation_id).rows.reactions.push_back(&row);
  for (const ReceiptEvent& row : rows.receipts) gathering.of(row.conversation_id).rows.receipts.push_back(&row);
  for (const PrivatePairRow& row : rows.private_pairs) {
    // The conversation whose deletion counted.
    const std::uint64_t before = row.generation == 0 ? 0 : row.generation - 1;
    gathering.of(private_conversation_id(row.first, row.second, before)).rows.pairs.push_back(&row);
  }
  for (const ConversationId& id : rows.erased) gathering.of(id).erased = true;
  auto all = gathering.take();
  for (ConversationRows& conversation : all) {
    if (conversation.erased) forget_erased(conversation.rows);
    keep_last_of_each(conversation.rows);
    const bool has_position = conversation.head != nullptr && conversation.head->applied.value != 0;
    conversation.timestamp = signed_position(has_position ? conversation.head->applied.value : position.value);
    if (planted(PlantedBug::kWallClockTimestamps)) conversation.timestamp = system_clock().now_ms() * 1000;
  }
  return all;
}

Split split(const ConversationRows& conversation, const Layout& layout) {
  const RowSelection& rows = conversation.rows;
  Split split;
  const auto in_first = [](const auto&) { return 0; };
  const auto by_seq = [&](const auto& row) { return layout.bucket_of(signed_position(row.seq.value)); };
  Divider divider(kMutationBytes);
  divider.divide(rows.changes, split.atomic.changes, split.outside.changes,
                 [&](const Change& row) { return layout.bucket_of(signed_position(row.version.value)); });
  divider.divide(rows.reactions, split.atomic.reactions, split.outside.reactions, by_seq);
  divider.divide(rows.progress, split.atomic.progress, split.outside.progress, in_first);
  divider.divide(rows.moves, split.atomic.moves, split.outside.moves,
                 [&](const HorizonMove& row) { return layout.bucket_of(signed_position(row.up_to.value)); });
  divider.divide(rows.members, split.atomic.members, split.outside.members, in_first);
  divider.divide(rows.messages, split.atomic.messages, split.outside.messages, by_seq);
  return split;
}

}  // namespace c4a::cassandra
