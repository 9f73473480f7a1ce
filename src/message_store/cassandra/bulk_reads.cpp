// CassandraMessageStore read as a whole: over all partitions by their tokens, and all rows of a bucket in pages.

#include <limits>

#include "message_store/cassandra/cassandra_message_store.h"

namespace c4a {

using cassandra::CellWriter;
using cassandra::signed_position;
using cassandra::StatementId;

namespace {

constexpr std::int32_t kPageRows = 1'000;
constexpr std::int64_t kBeforeAllTokens = std::numeric_limits<std::int64_t>::min();  // no partition has it

}  // namespace

Result<> CassandraMessageStore::all_conversations(const std::function<Result<>(const ConversationId&)>& visit) {
  std::int64_t token = kBeforeAllTokens;
  for (std::uint32_t found = kPageRows; found == kPageRows;) {
    std::string cells;
    CellWriter(cells).bigint(token).integer(kPageRows);
    C4A_TRY(auto rows, session_->read(StatementId::kAllConversations, cells));
    found = rows.size();
    for (std::uint32_t i = 0; i < found; ++i) {
      const std::string_view raw = rows.bytes();
      if (raw.size() != 16) return fail(ErrorCode::kCorrupt, "A row of conversations is damaged.");
      const auto id = ConversationId::from_view(raw);
      token = rows.number();
      if (rows.cell()) C4A_CHECK(visit(id));  // else its head has not been written
    }
  }
  return {};
}

Result<> CassandraMessageStore::all_private_pairs(const std::function<Result<>(const PrivatePairRow&)>& visit) {
  std::int64_t token = kBeforeAllTokens;
  for (std::uint32_t found = kPageRows; found == kPageRows;) {
    std::string cells;
    CellWriter(cells).bigint(token).integer(kPageRows);
    C4A_TRY(auto rows, session_->read(StatementId::kAllPairs, cells));
    found = rows.size();
    for (std::uint32_t i = 0; i < found; ++i) {
      PrivatePairRow pair;
      pair.first.text = rows.bytes();
      pair.second.text = rows.bytes();
      pair.generation = static_cast<std::uint64_t>(rows.number());
      token = rows.number();
      C4A_CHECK(visit(pair));
    }
  }
  return {};
}

Result<> CassandraMessageStore::all_moves(const ConversationId& id, Seq last_seq,
                                          const std::function<Result<>(HorizonMove&&)>& visit) {
  for (std::int32_t bucket = 0; bucket <= layout_.bucket_of(signed_position(last_seq.value)); ++bucket) {
    HorizonMove last{id, {}, HorizonMove::Kind{}, {}, 0};
    for (std::uint32_t found = kPageRows; found == kPageRows;) {
      std::string cells;
      CellWriter(cells)
          .bytes(id.view())
          .integer(bucket)
          .bytes(last.user_id.text)
          .integer(static_cast<std::int32_t>(last.kind))
          .bigint(signed_position(last.up_to.value))
          .integer(kPageRows);
      C4A_TRY(auto rows, session_->read(StatementId::kMovesAfter, cells));
      found = rows.size();
      for (std::uint32_t i = 0; i < found; ++i) {
        last.user_id.text = rows.bytes();
        last.kind = static_cast<HorizonMove::Kind>(rows.number());
        last.up_to = {static_cast<std::uint64_t>(rows.number())};
        last.at = rows.number();
        C4A_CHECK(visit(HorizonMove(last)));
      }
    }
  }
  return {};
}

Result<> CassandraMessageStore::all_reactions(const ConversationId& id, Seq last_seq,
                                              const std::function<Result<>(ReactionRow&&)>& visit) {
  const std::int32_t last_bucket = layout_.bucket_of(signed_position(last_seq.value));
  return scan_reactions(id, 0, layout_.last_of(last_bucket), visit);
}

}  // namespace c4a
