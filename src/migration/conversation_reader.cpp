#include "migration/conversation_reader.h"

namespace c4a {
namespace {

constexpr std::size_t kPageRows = 400;
constexpr std::size_t kPieceRows = 400;
constexpr std::size_t kPieceBytes = 512 * 1024;

// Gathers rows until they are a piece.
class Pieces {
 public:
  explicit Pieces(const VisitRows& visit) : visit_(visit) {}

  Rows& rows() { return rows_; }
  // After each row, with its size where that may be large.
  Result<> added(std::size_t bytes = 0) {
    bytes_ += bytes;
    if (++count_ < kPieceRows && bytes_ < kPieceBytes) return {};
    return flush();
  }
  Result<> flush() {
    if (count_ == 0) return {};
    C4A_CHECK(visit_(rows_));
    rows_.clear();
    count_ = bytes_ = 0;
    return {};
  }

 private:
  const VisitRows& visit_;
  Rows rows_;
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
};

Result<> read_members(const ConversationState& state, Pieces& pieces) {
  const ConversationId& id = state.head.id;
  for (const MemberState& member : state.members()) {
    pieces.rows().members.push_back({id, member.member});
    C4A_CHECK(pieces.added());
    const Progress& progress = member.progress;
    if (progress.delivered.value == 0 && progress.read.value == 0 && progress.devices.empty()) continue;
    pieces.rows().progress.push_back({id, member.member.user_id, progress});
    C4A_CHECK(pieces.added());
  }
  return {};
}

Result<> read_messages(MessageStore& store, const Conversation& head, TimestampMs keep_from, Pieces& pieces) {
  for (Seq after; after < head.last_seq;) {
    C4A_TRY(auto page, store.messages_after(head.id, after, head.last_seq, kPageRows));
    if (page.empty()) return {};
    after = page.back().seq;
    for (Message& message : page) {
      if (message.created_at < keep_from) continue;
      const std::size_t bytes = message.payload.size() + message.metadata.size();
      pieces.rows().messages.push_back(std::move(message));
      C4A_CHECK(pieces.added(bytes));
    }
  }
  return {};
}

Result<> read_changes(MessageStore& store, const Conversation& head, Pieces& pieces) {
  for (Version after; after < head.version;) {
    C4A_TRY(auto page, store.changes_after(head.id, after, head.version, kPageRows));
    if (page.empty()) return {};
    after = page.back().version;
    for (Change& change : page) {
      const std::size_t bytes = change.metadata.size();
      pieces.rows().changes.push_back(std::move(change));
      C4A_CHECK(pieces.added(bytes));
    }
  }
  return {};
}

}  // namespace

Result<> read_conversation(BulkMessageStore& store, const ConversationId& id, TimestampMs keep_from,
                           const VisitRows& visit) {
  C4A_TRY(const auto state, store.load(id));
  if (!state) return {};
  const Conversation& head = state->head;
  if (!head.deleted) {
    Pieces pieces(visit);
    C4A_CHECK(read_members(*state, pieces));
    C4A_CHECK(read_messages(store, head, keep_from, pieces));
    C4A_CHECK(read_changes(store, head, pieces));
    C4A_CHECK(store.all_moves(id, head.last_seq, [&](HorizonMove&& move) -> Result<> {
      if (move.at < keep_from) return {};
      pieces.rows().moves.push_back(std::move(move));
      return pieces.added();
    }));
    C4A_CHECK(store.all_reactions(id, head.last_seq, [&](ReactionRow&& reaction) -> Result<> {
      if (reaction.reaction.at < keep_from) return {};
      pieces.rows().reactions.push_back(std::move(reaction));
      return pieces.added();
    }));
    C4A_CHECK(pieces.flush());
  }
  Rows last;
  last.conversations.push_back(head);
  return visit(last);
}

Result<> read_receipts(MessageStore& store, const UserId& user, TimestampMs keep_from, const VisitRows& visit) {
  ReceiptPlace last;
  while (true) {
    C4A_TRY(auto page, store.receipts_after(user, last, kEndOfLog, kPageRows));
    if (page.empty()) return {};
    last = page.back().place();
    Rows rows;
    for (ReceiptEvent& receipt : page) {
      if (receipt.at >= keep_from) rows.receipts.push_back(std::move(receipt));
    }
    if (!rows.empty()) C4A_CHECK(visit(rows));
  }
}

}  // namespace c4a
