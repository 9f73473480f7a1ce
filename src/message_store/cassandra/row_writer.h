#pragma once

#include <string>

#include "message_store/cassandra/batch_set.h"
#include "message_store/cassandra/conversation_rows.h"
#include "message_store/cassandra/layout.h"

namespace c4a::cassandra {

// Turns rows into statements. `now` is what times to live are counted from.
class RowWriter {
 public:
  RowWriter(const Layout& layout, TimestampMs now) : layout_(layout), now_(now) {}

  void put_head(BatchSet& out, const Conversation& head, std::string_view redo, std::int64_t timestamp);
  void raise_last_seq(BatchSet& out, const ConversationId& id, Seq last_seq);
  // What lies in the conversation's own partitions.
  void put(BatchSet& out, const ConversationId& id, const RowSelection& rows, std::int64_t timestamp);
  // What follows from the rows and only leads to them: id index, lists of users.
  void put_pointers(BatchSet& out, const RowSelection& rows, std::int64_t timestamp);
  // What comes with the rows and lies elsewhere: receipts, pairs.
  void put_elsewhere(BatchSet& out, const RowSelection& rows, std::int64_t timestamp);

  void put_redo_part(BatchSet& out, const ConversationId& id, std::int32_t part, std::string_view bytes,
                     std::int64_t timestamp);
  // Also against a repeat of the same head: of equal timestamps the deletion wins.
  void drop_redo(BatchSet& out, const ConversationId& id, std::int64_t timestamp);

  void erase_bucket(BatchSet& out, const ConversationId& id, std::int32_t bucket, std::int64_t timestamp);
  void drop_from_list(BatchSet& out, const UserId& user, const ConversationId& id, std::int64_t timestamp);

 private:
  void put_bucket(BatchSet& out, const ConversationId& id, std::int32_t bucket, const RowSelection& rows,
                  std::int64_t timestamp);
  void put_message(BatchSet& out, const ConversationId& id, std::int32_t bucket, const Message& row, std::int64_t t);
  void put_reaction(BatchSet& out, const ConversationId& id, std::int32_t bucket, const ReactionRow& row,
                    std::int64_t t);
  void put_index(BatchSet& out, const Message& row, std::int64_t t);
  void put_list(BatchSet& out, const MemberRow& row, std::int64_t t);
  void put_receipt(BatchSet& out, const ReceiptEvent& row, std::int64_t t);
  void put_pair(BatchSet& out, const PrivatePairRow& row);

  // Begins a row of the conversation's partition.
  CellWriter row(BatchSet& out, StatementId statement, const ConversationId& id, std::int32_t bucket);
  // The same for a deletion, whose timestamp comes first.
  CellWriter drop(BatchSet& out, StatementId statement, const ConversationId& id, std::int32_t bucket, std::int64_t t);
  std::int32_t bucket_of(std::uint64_t position) const { return layout_.bucket_of(signed_position(position)); }
  std::int32_t ttl(TimestampMs created_at) const { return layout_.time_to_live(created_at, now_); }

  Layout layout_;
  TimestampMs now_;
  std::string key_;
  std::string value_;
};

}  // namespace c4a::cassandra
