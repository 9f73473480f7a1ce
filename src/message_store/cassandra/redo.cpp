#include "message_store/cassandra/redo.h"

#include "base/byte_codec.h"
#include "message_store/row_codec.h"

namespace c4a::cassandra {
namespace {

constexpr std::uint8_t kVersion = 1;

// Stored: they never change.
enum class Entry : std::uint8_t {
  kMessage = 1,
  kMember = 2,
  kProgress = 3,
  kMove = 4,
  kChange = 5,
  kReaction = 6,
  kReceipt = 7,
  kPair = 8,
  kErased = 9,
};

enum class Place : std::uint8_t { kHere = 1, kParts = 2 };

class RedoWriter {
 public:
  explicit RedoWriter(std::string& out) : writer_(out) {}

  ByteWriter& begin(Entry entry) {
    writer_.u8(static_cast<std::uint8_t>(entry));
    return writer_;
  }

  void put(const Message& row) {
    rocks::put_message(value_, row);
    begin(Entry::kMessage).varint(row.seq.value);
    writer_.text(value_);
  }
  void put(const MemberRow& row) {
    rocks::put_member(value_, row.member);
    begin(Entry::kMember).text(row.member.user_id.text);
    writer_.text(value_);
  }
  void put(const ProgressRow& row) {
    rocks::put_progress(value_, row.progress);
    begin(Entry::kProgress).text(row.user_id.text);
    writer_.text(value_);
  }
  void put(const HorizonMove& row) {
    begin(Entry::kMove).text(row.user_id.text);
    writer_.u8(static_cast<std::uint8_t>(row.kind));
    writer_.varint(row.up_to.value);
    writer_.zigzag(row.at);
  }
  void put(const Change& row) {
    rocks::put_change(value_, row);
    begin(Entry::kChange).varint(row.version.value);
    writer_.text(value_);
  }
  void put(const ReactionRow& row) {
    begin(Entry::kReaction).varint(row.seq.value);
    writer_.text(row.reaction.emoji);
    writer_.text(row.reaction.user_id.text);
    writer_.zigzag(row.reaction.at);
    writer_.u8(row.present ? 1 : 0);
  }
  void put(const ReceiptEvent& row) {
    rocks::put_receipt(value_, row);
    begin(Entry::kReceipt).text(row.sender.text);
    writer_.varint(row.position.value);
    writer_.varint(row.index);
    writer_.text(value_);
  }
  void put(const PrivatePairRow& row) {
    begin(Entry::kPair).text(row.first.text);
    writer_.text(row.second.text);
    writer_.varint(row.generation);
  }

 private:
  ByteWriter writer_;
  std::string value_;
};

class RedoReader {
 public:
  RedoReader(std::string_view record, const ConversationId& id) : reader_(record), id_(id) {}

  std::optional<Redo> read() {
    if (reader_.u8() != kVersion) return std::nullopt;
    redo_.timestamp = static_cast<std::int64_t>(reader_.varint());
    while (!reader_.damaged() && !reader_.done()) read_entry(static_cast<Entry>(reader_.u8()));
    if (reader_.damaged()) return std::nullopt;
    return std::move(redo_);
  }

 private:
  void read_entry(Entry entry) {
    switch (entry) {
      case Entry::kMessage:
        return read_message();
      case Entry::kMember:
        return read_member();
      case Entry::kProgress:
        return read_progress();
      case Entry::kMove:
        return read_move();
      case Entry::kChange:
        return read_change();
      case Entry::kReaction:
        return read_reaction();
      case Entry::kReceipt:
        return read_receipt();
      case Entry::kPair:
        return read_pair();
      case Entry::kErased:
        redo_.erased = true;
        return;
    }
    reader_.damage();
  }

  std::string text() { return std::string(reader_.text()); }
  // What the codec read, or damage.
  template <class Row>
  Row checked(std::optional<Row> row) {
    if (!row) reader_.damage();
    return std::move(row).value_or(Row{});
  }

  void read_message() {
    const Seq seq{reader_.varint()};
    Message& row = redo_.rows.messages.emplace_back(checked(rocks::get_message(reader_.text())));
    row.conversation_id = id_;
    row.seq = seq;
  }
  void read_member() {
    std::string user = text();
    MemberRow& row = redo_.rows.members.emplace_back(MemberRow{id_, checked(rocks::get_member(reader_.text()))});
    row.member.user_id.text = std::move(user);
  }
  void read_progress() {
    std::string user = text();
    redo_.rows.progress.push_back({id_, {std::move(user)}, checked(rocks::get_progress(reader_.text()))});
  }
  void read_move() {
    HorizonMove& row = redo_.rows.moves.emplace_back();
    row.conversation_id = id_;
    row.user_id.text = text();
    row.kind = static_cast<HorizonMove::Kind>(reader_.u8());
    row.up_to = {reader_.varint()};
    row.at = reader_.zigzag();
  }
  void read_change() {
    const Version version{reader_.varint()};
    Change& row = redo_.rows.changes.emplace_back(checked(rocks::get_change(reader_.text())));
    row.conversation_id = id_;
    row.version = version;
  }
  void read_reaction() {
    ReactionRow& row = redo_.rows.reactions.emplace_back();
    row.conversation_id = id_;
    row.seq = {reader_.varint()};
    row.reaction.emoji = text();
    row.reaction.user_id.text = text();
    row.reaction.at = reader_.zigzag();
    row.present = reader_.u8() != 0;
  }
  void read_receipt() {
    std::string sender = text();
    const LogPosition position{reader_.varint()};
    const auto index = static_cast<std::uint32_t>(reader_.varint());
    ReceiptEvent& row = redo_.rows.receipts.emplace_back(checked(rocks::get_receipt(reader_.text())));
    row.sender.text = std::move(sender);
    row.position = position;
    row.index = index;
  }
  void read_pair() {
    PrivatePairRow& row = redo_.rows.private_pairs.emplace_back();
    row.first.text = text();
    row.second.text = text();
    row.generation = reader_.varint();
  }

  ByteReader reader_;
  const ConversationId& id_;
  Redo redo_;
};

template <class Row>
std::vector<const Row*> pointers(const std::vector<Row>& rows) {
  std::vector<const Row*> all;
  all.reserve(rows.size());
  for (const Row& row : rows) all.push_back(&row);
  return all;
}

}  // namespace

RowSelection Redo::selection() const {
  RowSelection all;
  all.messages = pointers(rows.messages);
  all.members = pointers(rows.members);
  all.progress = pointers(rows.progress);
  all.moves = pointers(rows.moves);
  all.changes = pointers(rows.changes);
  all.reactions = pointers(rows.reactions);
  all.receipts = pointers(rows.receipts);
  all.pairs = pointers(rows.private_pairs);
  return all;
}

std::string encode_redo(const ConversationRows& conversation) {
  const RowSelection& rows = conversation.rows;
  std::string record;
  ByteWriter writer(record);
  writer.u8(kVersion);
  writer.varint(static_cast<std::uint64_t>(conversation.timestamp));
  RedoWriter redo(record);
  if (conversation.erased) redo.begin(Entry::kErased);
  const auto put_all = [&](const auto& pointers) {
    for (const auto* row : pointers) redo.put(*row);
  };
  put_all(rows.messages);
  put_all(rows.members);
  put_all(rows.progress);
  put_all(rows.moves);
  put_all(rows.changes);
  put_all(rows.reactions);
  put_all(rows.receipts);
  put_all(rows.pairs);
  return record;
}

std::optional<Redo> decode_redo(std::string_view record, const ConversationId& id) {
  return RedoReader(record, id).read();
}

std::string redo_in_place(std::string_view record) {
  return std::string(1, static_cast<char>(Place::kHere)).append(record);
}

std::string redo_in_parts(std::int64_t timestamp, std::size_t bytes) {
  std::string column;
  ByteWriter writer(column);
  writer.u8(static_cast<std::uint8_t>(Place::kParts));
  writer.varint(static_cast<std::uint64_t>(timestamp));
  writer.varint(bytes);
  return column;
}

std::optional<RedoPlace> redo_place(std::string_view column) {
  ByteReader reader(column);
  RedoPlace place;
  const auto kind = static_cast<Place>(reader.u8());
  if (kind == Place::kHere) {
    place.record = column.substr(1);
    return place;
  }
  if (kind != Place::kParts) return std::nullopt;
  place.in_parts = true;
  place.timestamp = static_cast<std::int64_t>(reader.varint());
  place.bytes = reader.varint();
  if (!reader.done()) return std::nullopt;
  return place;
}

}  // namespace c4a::cassandra
