// The reads of CassandraMessageStore that find messages by their ids, over the index.

#include <algorithm>
#include <map>

#include "message_store/cassandra/cassandra_message_store.h"
#include "message_store/cassandra/head_reader.h"

namespace c4a {

using cassandra::CellWriter;
using cassandra::RowSet;
using cassandra::StatementId;

namespace {

// Ids of one shard of the index are asked for together.
std::vector<cassandra::Read> reads_of_ids(std::span<const MessageSought> sought) {
  constexpr std::size_t kIdsAtOnce = 100;
  std::map<std::int64_t, std::vector<std::string_view>> shards;
  for (const auto& one : sought) shards[cassandra::shard_of(one.message_id)].push_back(one.message_id.view());
  std::vector<cassandra::Read> reads;
  for (const auto& [shard, ids] : shards) {
    for (std::span<const std::string_view> rest(ids); !rest.empty();) {
      const auto some = rest.first(std::min(rest.size(), kIdsAtOnce));
      rest = rest.subspan(some.size());
      reads.push_back({StatementId::kMessageIdsIn, {}});
      CellWriter(reads.back().cells).bigint(shard).uuids(some);
    }
  }
  return reads;
}

std::string id_key(const ConversationId& id, const MessageId& message_id) {
  std::string cells;
  CellWriter(cells).bigint(cassandra::shard_of(message_id)).bytes(message_id.view()).bytes(id.view());
  return cells;
}

// Of the message with that id, in a redo record.
std::optional<Seq> seq_in(const cassandra::Redo& redo, const MessageId& message_id) {
  for (const Message& message : redo.rows.messages) {
    if (message.message_id == message_id) return message.seq;
  }
  return std::nullopt;
}

}  // namespace

Result<std::optional<Message>> CassandraMessageStore::message(const ConversationId& id, const MessageId& message_id) {
  C4A_TRY(auto rows, session_->read(StatementId::kMessageIdOf, id_key(id, message_id)));
  if (!rows.empty()) return message(id, Seq{static_cast<std::uint64_t>(rows.number())});
  // The index is written after the head.
  C4A_TRY(const auto head, cassandra::read_head(*session_, id));
  C4A_TRY(const auto redo, cassandra::read_redo(*session_, id, head));
  const auto seq = redo ? seq_in(*redo, message_id) : std::nullopt;
  if (!seq) return std::nullopt;
  return message(id, *seq);
}

Result<std::optional<Message>> CassandraMessageStore::message_in_one_copy(const ConversationId& id,
                                                                          const MessageId& message_id) {
  C4A_TRY(auto index, session_->read(StatementId::kMessageIdInOneCopy, id_key(id, message_id)));
  if (index.empty()) return std::nullopt;
  const MessagePlace place{id, Seq{static_cast<std::uint64_t>(index.number())}};
  C4A_TRY(auto rows, session_->read(StatementId::kMessageInOneCopy, read_of(place).cells));
  return message_of(rows, place);
}

// The index alone: a router's own commits are in it, and loading finished what a former one had begun.
Result<std::vector<std::optional<Message>>> CassandraMessageStore::messages_sought(
    std::span<const MessageSought> sought) {
  C4A_TRY(auto answers, session_->read_all(reads_of_ids(sought)));
  std::map<std::pair<ConversationId, MessageId>, Seq> index;
  for (RowSet& rows : answers) {
    for (std::uint32_t i = 0; i < rows.size(); ++i) {
      const std::string_view message_id = rows.bytes();
      const std::string_view id = rows.bytes();
      if (message_id.size() != 16 || id.size() != 16) {
        return fail(ErrorCode::kCorrupt, "A row of message_ids is damaged.");
      }
      index[{ConversationId::from_view(id), MessageId::from_view(message_id)}] =
          Seq{static_cast<std::uint64_t>(rows.number())};
    }
  }
  std::vector<MessagePlace> places;
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < sought.size(); ++i) {
    const auto entry = index.find({sought[i].id, sought[i].message_id});
    if (entry == index.end()) continue;
    places.push_back({sought[i].id, entry->second});
    found.push_back(i);
  }
  std::vector<std::optional<Message>> all(sought.size());
  C4A_TRY(auto messages, messages_at(places));
  for (std::size_t i = 0; i < found.size(); ++i) all[found[i]] = std::move(messages[i]);
  return all;
}

Result<std::vector<std::pair<ConversationId, Seq>>> CassandraMessageStore::find_message(const MessageId& message_id) {
  std::string cells;
  CellWriter(cells).bigint(cassandra::shard_of(message_id)).bytes(message_id.view());
  C4A_TRY(auto rows, session_->read(StatementId::kMessageIds, cells));
  std::vector<std::pair<ConversationId, Seq>> found;
  for (std::uint32_t i = 0; i < rows.size(); ++i) {
    const std::string_view raw = rows.bytes();
    if (raw.size() != 16) return fail(ErrorCode::kCorrupt, "A row of message_ids is damaged.");
    const auto id = ConversationId::from_view(raw);
    const Seq seq{static_cast<std::uint64_t>(rows.number())};
    // The entry may have outlived its message.
    C4A_TRY(const auto present, message(id, seq));
    if (present) found.emplace_back(id, seq);
  }
  return found;
}

}  // namespace c4a
