#include "message_store/cassandra/head_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "message_store/row_codec.h"

namespace c4a::cassandra {
namespace {

constexpr std::size_t kPageRows = 2'000;

}  // namespace

std::unexpected<Error> damaged(const char* table, const ConversationId& id) {
  return fail(ErrorCode::kCorrupt,
              fmt::format("A row of {} of conversation {} is damaged or of a newer version.", table, id.str()));
}

std::string head_key(const ConversationId& id) {
  std::string cells;
  CellWriter(cells).bytes(id.view()).integer(0);
  return cells;
}

std::string member_key(const ConversationId& id, const UserId& user) {
  std::string cells = head_key(id);
  CellWriter(cells).bytes(user.text);
  return cells;
}

Result<Head> head_of(RowSet& rows, StatementId statement, const ConversationId& id) {
  Head head;
  if (rows.empty()) return head;
  const auto blob = rows.cell();
  head.last_seq = {static_cast<std::uint64_t>(rows.number())};
  if (statement == StatementId::kHead) head.redo = rows.bytes();
  if (!blob) return head;
  head.conversation = rocks::get_conversation(*blob);
  if (!head.conversation) return damaged("conversations", id);
  head.conversation->id = id;
  head.last_seq = std::max(head.last_seq, head.conversation->last_seq);
  head.conversation->last_seq = head.last_seq;
  return head;
}

Result<std::optional<Member>> member_of(RowSet& rows, const ConversationId& id, const UserId& user) {
  if (rows.empty()) return std::nullopt;
  auto member = rocks::get_member(rows.bytes());
  if (!member) return damaged("members", id);
  member->user_id = user;
  return member;
}

Result<Progress> progress_of(RowSet& rows, const ConversationId& id) {
  if (rows.empty()) return Progress{};
  auto progress = rocks::get_progress(rows.bytes());
  if (!progress) return damaged("horizons", id);
  return std::move(*progress);
}

Result<Head> read_head(CqlSession& session, const ConversationId& id) {
  C4A_TRY(auto rows, session.read(StatementId::kHead, head_key(id)));
  return head_of(rows, StatementId::kHead, id);
}

Result<Head> read_head_alone(CqlSession& session, const ConversationId& id) {
  C4A_TRY(auto rows, session.read(StatementId::kHeadAlone, head_key(id)));
  return head_of(rows, StatementId::kHeadAlone, id);
}

Result<std::optional<Redo>> read_redo(CqlSession& session, const ConversationId& id, const Head& head) {
  if (head.redo.empty()) return std::nullopt;
  const auto place = redo_place(head.redo);
  if (!place) return damaged("conversations", id);
  std::string record(place->record);
  if (place->in_parts) {
    std::string cells;
    CellWriter(cells).bytes(id.view()).integer(0).bigint(place->timestamp);
    C4A_TRY(auto parts, session.read(StatementId::kRedoParts, cells));
    for (std::uint32_t i = 0; i < parts.size(); ++i) record += parts.bytes();
    if (parts.empty()) return std::nullopt;
    if (record.size() != place->bytes) return damaged("conversation_redo", id);
  }
  auto redo = decode_redo(record, id);
  if (!redo) return damaged("conversation_redo", id);
  return redo;
}

Result<std::vector<Member>> read_members(CqlSession& session, const ConversationId& id, const UserId& after,
                                         std::size_t limit) {
  std::vector<Member> members;
  std::string last = after.text;
  while (members.size() < limit) {
    const std::size_t page = std::min(limit - members.size(), kPageRows);
    std::string cells;
    CellWriter(cells).bytes(id.view()).integer(0).bytes(last).integer(static_cast<std::int32_t>(page));
    C4A_TRY(auto rows, session.read(StatementId::kMembersAfter, cells));
    for (std::uint32_t i = 0; i < rows.size(); ++i) {
      last = rows.bytes();
      auto member = rocks::get_member(rows.bytes());
      if (!member) return damaged("members", id);
      member->user_id.text = last;
      members.push_back(std::move(*member));
    }
    if (rows.size() < page) break;
  }
  return members;
}

}  // namespace c4a::cassandra
