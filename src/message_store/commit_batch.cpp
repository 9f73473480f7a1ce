#include "message_store/commit_batch.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "message_store/row_codec.h"

namespace c4a::rocks {
namespace {

// Up to here rows are deleted one by one. RocksDB's range deletions cost every later read of the family a little, until
// compaction is through with them.
constexpr std::size_t kSingleDeletes = 1'000;

}  // namespace

Result<rocksdb::WriteBatch*> CommitBatch::fill(const Rows& rows, LogPosition position,
                                               std::span<const std::vector<UserId>> erased_members, bool keep_floors) {
  batch_.Clear();
  erased_ = rows.erased;
  // Family by family: what is written one after the other lies close together.
  put_messages(rows);
  if (keep_floors) put_floors(rows);
  put_heads(rows);
  put_log(rows);
  put_users(rows);
  for (std::size_t i = 0; i < rows.erased.size(); ++i) C4A_CHECK(erase(rows.erased[i], erased_members[i]));
  put_number(value_, position.value);
  put(Family::kDefault, kPositionKey);
  return &batch_;
}

void CommitBatch::put_messages(const Rows& rows) {
  sort_messages(rows.messages);
  for (const std::uint32_t index : order_) {
    const Message& message = rows.messages[index];
    if (erased(message.conversation_id)) continue;
    put_message(value_, message);
    put(Family::kMessages, key_.message(message.conversation_id, message.seq));
  }
  for (const Message& message : rows.messages) {
    if (erased(message.conversation_id)) continue;
    put_id(value_, {message.seq, message.created_at});
    put(Family::kIds, key_.message_id(message.message_id, message.conversation_id));
  }
  for (const Message& message : rows.messages) {
    if (!message.request_delivery_receipt || erased(message.conversation_id)) continue;
    put_time(value_, message.created_at);
    put(Family::kLog, key_.receipt_asked(message.conversation_id, message.seq));
  }
}

// In the order of their keys: the memtable's skip list finds each place from the one before. Of two rows with one key
// the later stays the later.
void CommitBatch::sort_messages(const std::vector<Message>& messages) {
  order_.resize(messages.size());
  std::iota(order_.begin(), order_.end(), 0U);
  std::ranges::sort(order_, [&](std::uint32_t a, std::uint32_t b) {
    return std::tie(messages[a].conversation_id, messages[a].seq, a) <
           std::tie(messages[b].conversation_id, messages[b].seq, b);
  });
}

// A conversation's last row in the order of the keys has its highest seq.
void CommitBatch::put_floors(const Rows& rows) {
  for (std::size_t i = 0; i < order_.size(); ++i) {
    const Message& message = rows.messages[order_[i]];
    const bool last = i + 1 == order_.size() || rows.messages[order_[i + 1]].conversation_id != message.conversation_id;
    if (!last || erased(message.conversation_id)) continue;
    put_number(value_, message.seq.value);
    batch_.Merge(database_.family(Family::kHeads), slice(key_.head(message.conversation_id, HeadRowTag::kFloor)),
                 slice(value_));
  }
}

void CommitBatch::put_heads(const Rows& rows) {
  for (const Conversation& row : rows.conversations) {
    put_conversation(value_, row);
    put(Family::kHeads, key_.head(row.id, HeadRowTag::kConversation));
  }
  for (const MemberRow& row : rows.members) {
    if (erased(row.conversation_id)) continue;
    put_member(value_, row.member);
    put(Family::kHeads, key_.member(row.conversation_id, row.member.user_id));
  }
  for (const ProgressRow& row : rows.progress) {
    if (erased(row.conversation_id)) continue;
    put_progress(value_, row.progress);
    put(Family::kHeads, key_.progress(row.conversation_id, row.user_id));
  }
}

void CommitBatch::put_log(const Rows& rows) {
  for (const HorizonMove& row : rows.moves) {
    if (erased(row.conversation_id)) continue;
    put_time(value_, row.at);
    put(Family::kLog, key_.move(row.conversation_id, row.user_id, row.kind, row.up_to));
  }
  for (const Change& row : rows.changes) {
    if (erased(row.conversation_id)) continue;
    put_change(value_, row);
    put(Family::kLog, key_.change(row.conversation_id, row.version));
  }
  for (const ReactionRow& row : rows.reactions) {
    if (erased(row.conversation_id)) continue;
    const auto key = key_.reaction(row.conversation_id, row.seq, row.reaction.emoji, row.reaction.user_id);
    if (row.present) {
      put_time(value_, row.reaction.at);
      put(Family::kLog, key);
    } else {
      batch_.Delete(database_.family(Family::kLog), slice(key));
    }
  }
}

void CommitBatch::put_users(const Rows& rows) {
  for (const MemberRow& row : rows.members) {
    if (erased(row.conversation_id)) continue;
    put_number(value_, row.member.active() ? 1 : 0);
    put(Family::kUsers, key_.user_conversation(row.member.user_id, row.conversation_id));
  }
  for (const ReceiptEvent& row : rows.receipts) {
    put_receipt(value_, row);
    put(Family::kUsers, key_.receipt(row.sender, row.position, row.index));
  }
  for (const PrivatePairRow& row : rows.private_pairs) {
    put_number(value_, row.generation);
    put(Family::kUsers, key_.private_pair(row.first, row.second));
  }
}

// Rows of the same commit were not put in the first place. Entries of the id index stay: they lead to no message.
Result<> CommitBatch::erase(const ConversationId& id, std::span<const UserId> members) {
  for (const UserId& member : members) {
    batch_.Delete(database_.family(Family::kUsers), slice(key_.user_conversation(member, id)));
  }
  C4A_CHECK(erase_range(Family::kMessages, std::string(id.view()), within(id.view())));
  C4A_CHECK(erase_range(Family::kLog, std::string(id.view()), within(id.view())));
  return erase_range(Family::kHeads, std::string(key_.head(id, HeadRowTag::kFloor)), within(id.view()));
}

Result<> CommitBatch::erase_range(Family family, std::string from, std::string to) {
  Scan scan(database_, family, from, to);
  std::size_t deleted = 0;
  for (scan.to_first(); scan.valid() && deleted < kSingleDeletes; scan.next(), ++deleted) {
    batch_.Delete(database_.family(family), slice(scan.key()));
  }
  C4A_CHECK(scan.status());
  if (deleted == kSingleDeletes) batch_.DeleteRange(database_.family(family), slice(from), slice(to));
  return {};
}

}  // namespace c4a::rocks
