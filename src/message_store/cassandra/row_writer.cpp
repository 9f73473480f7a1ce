#include "message_store/cassandra/row_writer.h"

#include <set>

#include "message_store/row_codec.h"

namespace c4a::cassandra {
namespace {

// Above every position: what it deletes stays deleted.
constexpr std::int64_t kForEver = std::int64_t{1} << 62;

std::string_view order_of(std::string& key, char kind, std::string_view id) {
  key.assign(1, kind);
  return key.append(id);
}

}  // namespace

CellWriter RowWriter::row(BatchSet& out, StatementId statement, const ConversationId& id, std::int32_t bucket) {
  CellWriter cells = out.row(statement, order_of(key_, 'c', id.view()), bucket);
  cells.bytes(id.view()).integer(bucket);
  return cells;
}

CellWriter RowWriter::drop(BatchSet& out, StatementId statement, const ConversationId& id, std::int32_t bucket,
                           std::int64_t t) {
  CellWriter cells = out.row(statement, order_of(key_, 'c', id.view()), bucket);
  cells.bigint(t).bytes(id.view()).integer(bucket);
  return cells;
}

void RowWriter::put_head(BatchSet& out, const Conversation& head, std::string_view redo, std::int64_t timestamp) {
  rocks::put_conversation(value_, head);
  row(out, StatementId::kPutHead, head.id, 0)
      .bytes(value_)
      .bigint(signed_position(head.applied.value))
      .bytes(redo)
      .bigint(timestamp);
}

// Its timestamp is its value, so the greatest stays.
void RowWriter::raise_last_seq(BatchSet& out, const ConversationId& id, Seq last_seq) {
  const std::int64_t seq = signed_position(last_seq.value);
  CellWriter cells = out.row(StatementId::kRaiseLastSeq, order_of(key_, 'c', id.view()), 0);
  cells.bigint(seq).bigint(seq).bytes(id.view()).integer(0);
}

void RowWriter::put(BatchSet& out, const ConversationId& id, const RowSelection& rows, std::int64_t timestamp) {
  // Bucket by bucket, upwards: what readers find of a conversation's messages is always their beginning.
  std::set<std::int32_t> buckets;
  if (!rows.members.empty() || !rows.progress.empty()) buckets.insert(0);
  for (const Message* row : rows.messages) buckets.insert(bucket_of(row->seq.value));
  for (const HorizonMove* row : rows.moves) buckets.insert(bucket_of(row->up_to.value));
  for (const Change* row : rows.changes) buckets.insert(bucket_of(row->version.value));
  for (const ReactionRow* row : rows.reactions) buckets.insert(bucket_of(row->seq.value));
  for (const std::int32_t bucket : buckets) put_bucket(out, id, bucket, rows, timestamp);
}

void RowWriter::put_pointers(BatchSet& out, const RowSelection& rows, std::int64_t timestamp) {
  for (const Message* row : rows.messages) put_index(out, *row, timestamp);
  for (const MemberRow* row : rows.members) put_list(out, *row, timestamp);
}

void RowWriter::put_elsewhere(BatchSet& out, const RowSelection& rows, std::int64_t timestamp) {
  for (const ReceiptEvent* row : rows.receipts) put_receipt(out, *row, timestamp);
  for (const PrivatePairRow* row : rows.pairs) put_pair(out, *row);
}

void RowWriter::put_bucket(BatchSet& out, const ConversationId& id, std::int32_t bucket, const RowSelection& rows,
                           std::int64_t timestamp) {
  if (bucket == 0) {
    for (const MemberRow* member : rows.members) {
      rocks::put_member(value_, member->member);
      row(out, StatementId::kPutMember, id, 0).bytes(member->member.user_id.text).bytes(value_).bigint(timestamp);
    }
    for (const ProgressRow* progress : rows.progress) {
      rocks::put_progress(value_, progress->progress);
      row(out, StatementId::kPutProgress, id, 0).bytes(progress->user_id.text).bytes(value_).bigint(timestamp);
    }
  }
  for (const Message* message : rows.messages) {
    if (bucket_of(message->seq.value) == bucket) put_message(out, id, bucket, *message, timestamp);
  }
  for (const HorizonMove* move : rows.moves) {
    if (bucket_of(move->up_to.value) != bucket) continue;
    row(out, StatementId::kPutMove, id, bucket)
        .bytes(move->user_id.text)
        .integer(static_cast<std::int32_t>(move->kind))
        .bigint(signed_position(move->up_to.value))
        .bigint(move->at)
        .bigint(timestamp)
        .integer(ttl(move->at + kLogMarginMs));
  }
  for (const Change* change : rows.changes) {
    if (bucket_of(change->version.value) != bucket) continue;
    rocks::put_change(value_, *change);
    row(out, StatementId::kPutChange, id, bucket)
        .bigint(signed_position(change->version.value))
        .bytes(value_)
        .bigint(timestamp);
  }
  for (const ReactionRow* reaction : rows.reactions) {
    if (bucket_of(reaction->seq.value) == bucket) put_reaction(out, id, bucket, *reaction, timestamp);
  }
}

void RowWriter::put_message(BatchSet& out, const ConversationId& id, std::int32_t bucket, const Message& message,
                            std::int64_t t) {
  const std::int64_t seq = signed_position(message.seq.value);
  const std::int32_t left = ttl(message.created_at);
  rocks::put_message(value_, message);
  row(out, StatementId::kPutMessage, id, bucket).bigint(seq).bytes(value_).bigint(t).integer(left);
  if (!message.request_delivery_receipt) return;
  row(out, StatementId::kPutReceiptRequest, id, bucket).bigint(seq).bigint(t).integer(left);
}

void RowWriter::put_reaction(BatchSet& out, const ConversationId& id, std::int32_t bucket, const ReactionRow& reaction,
                             std::int64_t t) {
  const std::int64_t seq = signed_position(reaction.seq.value);
  const Reaction& what = reaction.reaction;
  if (reaction.present) {
    row(out, StatementId::kPutReaction, id, bucket)
        .bigint(seq)
        .bytes(what.emoji)
        .bytes(what.user_id.text)
        .bigint(what.at)
        .bigint(t)
        .integer(ttl(what.at + kLogMarginMs));
  } else {
    drop(out, StatementId::kDropReaction, id, bucket, t).bigint(seq).bytes(what.emoji).bytes(what.user_id.text);
  }
}

void RowWriter::put_index(BatchSet& out, const Message& message, std::int64_t t) {
  const std::int64_t shard = shard_of(message.message_id);
  std::string raw;
  append_be64(raw, static_cast<std::uint64_t>(shard));
  out.row(StatementId::kPutMessageId, order_of(key_, 's', raw))
      .bigint(shard)
      .bytes(message.message_id.view())
      .bytes(message.conversation_id.view())
      .bigint(signed_position(message.seq.value))
      .bigint(t)
      .integer(ttl(message.created_at));
}

void RowWriter::put_list(BatchSet& out, const MemberRow& row, std::int64_t t) {
  const std::string& user = row.member.user_id.text;
  out.row(StatementId::kPutUserConversation, order_of(key_, 'u', user))
      .bytes(user)
      .bytes(row.conversation_id.view())
      .boolean(row.member.active())
      .bigint(t);
}

// With its sender's list entries, if there are any: both partitions have the user's id as their key, so they are one.
void RowWriter::put_receipt(BatchSet& out, const ReceiptEvent& receipt, std::int64_t t) {
  rocks::put_receipt(value_, receipt);
  out.row(StatementId::kPutReceipt, order_of(key_, 'u', receipt.sender.text))
      .bytes(receipt.sender.text)
      .bigint(signed_position(receipt.position.value))
      .bigint(receipt.index)
      .bytes(value_)
      .bigint(t)
      .integer(ttl(receipt.at + kLogMarginMs));
}

// The generation only grows, so it is its own timestamp.
void RowWriter::put_pair(BatchSet& out, const PrivatePairRow& pair) {
  const std::int64_t generation = signed_position(pair.generation);
  out.row(StatementId::kPutPair, order_of(key_, 'p', pair.first.text + '\0' + pair.second.text))
      .bytes(pair.first.text)
      .bytes(pair.second.text)
      .bigint(generation)
      .bigint(generation);
}

void RowWriter::put_redo_part(BatchSet& out, const ConversationId& id, std::int32_t part, std::string_view bytes,
                              std::int64_t timestamp) {
  row(out, StatementId::kPutRedoPart, id, 0).bigint(timestamp).integer(part).bytes(bytes).bigint(timestamp);
}

void RowWriter::drop_redo(BatchSet& out, const ConversationId& id, std::int64_t timestamp) {
  drop(out, StatementId::kDropRedo, id, 0, timestamp);
  drop(out, StatementId::kDropRedoParts, id, 0, timestamp);
}

void RowWriter::erase_bucket(BatchSet& out, const ConversationId& id, std::int32_t bucket, std::int64_t timestamp) {
  using enum StatementId;
  for (const StatementId table : {kEraseMessages, kEraseReceiptRequests, kEraseMoves, kEraseChanges, kEraseReactions}) {
    drop(out, table, id, bucket, timestamp);
  }
  if (bucket != 0) return;
  for (const StatementId table : {kEraseMembers, kEraseProgress}) drop(out, table, id, 0, timestamp);
  drop(out, kForgetLastSeq, id, 0, kForEver);
}

void RowWriter::drop_from_list(BatchSet& out, const UserId& user, const ConversationId& id, std::int64_t timestamp) {
  out.row(StatementId::kDropUserConversation, order_of(key_, 'u', user.text))
      .bigint(timestamp)
      .bytes(user.text)
      .bytes(id.view());
}

}  // namespace c4a::cassandra
