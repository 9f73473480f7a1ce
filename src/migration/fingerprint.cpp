#include "migration/fingerprint.h"

#include <fmt/format.h>

#include "auth/digest.h"
#include "base/byte_codec.h"
#include "message_store/row_codec.h"

namespace c4a {
namespace {

// What the key says, and then the stored value.
class RowText {
 public:
  RowText& number(std::uint64_t value) {
    ByteWriter(text_).varint(value);
    return *this;
  }
  RowText& text(std::string_view value) {
    ByteWriter(text_).text(value);
    return *this;
  }
  template <class Put, class Row>
  RowText& value(Put put, const Row& row) {
    std::string bytes;
    put(bytes, row);
    return text(bytes);
  }
  void into(Fingerprint& print) const { print.add(text_); }

 private:
  std::string text_;
};

void describe(std::string& out, std::string_view what, const Fingerprint& here, const Fingerprint& there) {
  if (here == there) return;
  if (!out.empty()) out += ", ";
  out += here.rows == there.rows ? fmt::format("{} {} that differ", here.rows, what)
                                 : fmt::format("{} {} and {}", what, here.rows, there.rows);
}

}  // namespace

void Fingerprint::add(std::string_view row) {
  const std::string hash = sha256(row);
  ++rows;
  sum[0] += read_be64(std::string_view(hash).substr(0, 8));
  sum[1] += read_be64(std::string_view(hash).substr(8, 8));
}

void Fingerprint::add(const Fingerprint& other) {
  rows += other.rows;
  sum[0] += other.sum[0];
  sum[1] += other.sum[1];
}

void ConversationPrint::add(const Rows& rows) {
  for (const Conversation& row : rows.conversations) {
    RowText().text(row.id.view()).value(rocks::put_conversation, row).into(heads);
  }
  for (const MemberRow& row : rows.members) {
    RowText().text("m").text(row.member.user_id.text).value(rocks::put_member, row.member).into(members);
  }
  for (const ProgressRow& row : rows.progress) {
    RowText().text("p").text(row.user_id.text).value(rocks::put_progress, row.progress).into(members);
  }
  for (const Message& row : rows.messages) {
    RowText().number(row.seq.value).value(rocks::put_message, row).into(messages);
  }
  for (const Change& row : rows.changes) {
    RowText().number(row.version.value).value(rocks::put_change, row).into(changes);
  }
  for (const HorizonMove& row : rows.moves) {
    RowText()
        .text(row.user_id.text)
        .number(static_cast<std::uint64_t>(row.kind))
        .number(row.up_to.value)
        .number(static_cast<std::uint64_t>(row.at))
        .into(moves);
  }
  for (const ReactionRow& row : rows.reactions) {
    RowText()
        .number(row.seq.value)
        .text(row.reaction.emoji)
        .text(row.reaction.user_id.text)
        .number(static_cast<std::uint64_t>(row.reaction.at))
        .into(reactions);
  }
}

void ConversationPrint::add(const ConversationPrint& other) {
  heads.add(other.heads);
  members.add(other.members);
  messages.add(other.messages);
  changes.add(other.changes);
  moves.add(other.moves);
  reactions.add(other.reactions);
}

std::string ConversationPrint::difference(const ConversationPrint& other) const {
  std::string text;
  describe(text, "conversation", heads, other.heads);
  describe(text, "members", members, other.members);
  describe(text, "messages", messages, other.messages);
  describe(text, "changes", changes, other.changes);
  describe(text, "statuses", moves, other.moves);
  describe(text, "reactions", reactions, other.reactions);
  return text;
}

void UserPrint::add(const ReceiptEvent& row) {
  RowText().number(row.position.value).number(row.index).value(rocks::put_receipt, row).into(receipts);
}

void UserPrint::add(const Device& row) { RowText().text(row.id.text).value(rocks::put_device, row).into(devices); }

void UserPrint::add(const ConversationRef& row) {
  RowText().text(row.id.view()).number(row.active ? 1 : 0).into(conversations);
}

void add_row(Fingerprint& print, const MetadataRow& row) {
  RowText text;
  for (const MetadataValue& value : row) {
    text.number(value.index());
    if (const auto* number = std::get_if<std::int64_t>(&value)) text.number(static_cast<std::uint64_t>(*number));
    if (const auto* bytes = std::get_if<std::string>(&value)) text.text(*bytes);
  }
  text.into(print);
}

}  // namespace c4a
