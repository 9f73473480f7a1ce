#include "message_store/row_codec.h"

#include <algorithm>

#include "base/byte_codec.h"

namespace c4a::rocks {
namespace {

// What a message has besides the usual; what it lacks takes no byte.
enum MessageFlag : std::uint64_t {
  kReceiptAsked = 1 << 0,
  kToSome = 1 << 1,
  kFromDevice = 1 << 2,
  kFilePayload = 1 << 3,
  kMetadata = 1 << 4,
  kReplyTo = 1 << 5,
  kChannels = 1 << 6,  // 64 and above take a second byte
  kTrace = 1 << 7,
  kEdited = 1 << 8,
  kDeleted = 1 << 9,
};
constexpr std::uint64_t kAllMessageFlags = (1 << 10) - 1;
constexpr std::string_view kNoMetadata = "{}";
// Of a device: beside the index of a receipt that it has seen, where that of another lane follows.
constexpr std::uint64_t kAnotherPlace = std::uint64_t{1} << 32;

ByteWriter start(std::string& out) {
  out.clear();
  ByteWriter writer(out);
  writer.u8(kRowVersion);
  return writer;
}

ByteReader open(std::string_view value) {
  ByteReader reader(value);
  if (reader.u8() != kRowVersion) reader.damage();
  return reader;
}

template <class Bytes>
std::string_view view(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <class Bytes>
void read_bytes(ByteReader& reader, Bytes& bytes) {
  const std::string_view raw = reader.raw(bytes.size());
  std::copy(raw.begin(), raw.end(), bytes.begin());
}

MessageId read_message_id(ByteReader& reader) {
  MessageId id;
  read_bytes(reader, id.uuid.bytes);
  return id;
}

std::string read_text(ByteReader& reader) { return std::string(reader.text()); }

template <class Enum>
std::uint8_t byte_of(Enum value) {
  return static_cast<std::uint8_t>(value);
}

// An enum whose values are 1 to `last`.
template <class Enum>
Enum read_enum(ByteReader& reader, Enum last) {
  const std::uint8_t byte = reader.u8();
  if (byte == 0 || byte > byte_of(last)) reader.damage();
  return static_cast<Enum>(byte);
}

template <class Row>
std::optional<Row> finish(const ByteReader& reader, Row row) {
  if (!reader.done()) return std::nullopt;
  return row;
}

std::uint64_t flags_of(const Message& message) {
  std::uint64_t flags = 0;
  const auto set = [&](MessageFlag flag, bool on) { flags |= on ? flag : 0; };
  set(kReceiptAsked, message.request_delivery_receipt);
  set(kToSome, !message.to.empty());
  set(kFromDevice, !message.from_device.text.empty());
  set(kFilePayload, message.payload_type == PayloadType::kFile);
  set(kMetadata, message.metadata != kNoMetadata);
  set(kReplyTo, message.reply_to.has_value());
  set(kChannels, message.channels.has_value());
  set(kTrace, std::ranges::any_of(message.trace_id, [](std::uint8_t byte) { return byte != 0; }));
  set(kEdited, message.edited_at.has_value());
  set(kDeleted, message.deleted_at.has_value());
  return flags;
}

// The header: MessageHeader's fields, in Message as well. Answers the flags.
template <class Row>
std::uint64_t read_header(ByteReader& reader, Row& row) {
  row.created_at = reader.zigzag();
  const std::uint64_t flags = reader.varint();
  if ((flags & ~kAllMessageFlags) != 0) reader.damage();
  row.request_delivery_receipt = (flags & kReceiptAsked) != 0;
  row.message_id = read_message_id(reader);
  read_bytes(reader, row.digest);
  row.from.text = reader.text();
  if ((flags & kToSome) != 0) {
    row.to.resize(reader.count());
    for (UserId& user : row.to) user.text = reader.text();
  }
  return flags;
}

}  // namespace

void put_message(std::string& out, const Message& message) {
  const std::uint64_t flags = flags_of(message);
  ByteWriter writer = start(out);
  writer.zigzag(message.created_at);
  writer.varint(flags);
  writer.raw(message.message_id.view());
  writer.raw(view(message.digest));
  writer.text(message.from.text);
  if ((flags & kToSome) != 0) {
    writer.varint(message.to.size());
    for (const UserId& user : message.to) writer.text(user.text);
  }
  writer.zigzag(message.routed_at - message.created_at);
  if ((flags & kFromDevice) != 0) writer.text(message.from_device.text);
  if ((flags & kMetadata) != 0) writer.text(message.metadata);
  if ((flags & kReplyTo) != 0) writer.raw(message.reply_to->view());
  if ((flags & kChannels) != 0) {
    writer.varint(message.channels->size());
    for (const std::string& channel : *message.channels) writer.text(channel);
  }
  if ((flags & kTrace) != 0) writer.raw(view(message.trace_id));
  if ((flags & kEdited) != 0) writer.zigzag(*message.edited_at - message.created_at);
  if ((flags & kDeleted) != 0) writer.zigzag(*message.deleted_at - message.created_at);
  writer.text(message.payload);
}

std::optional<Message> get_message(std::string_view value) {
  ByteReader reader = open(value);
  Message message;
  const std::uint64_t flags = read_header(reader, message);
  message.routed_at = message.created_at + reader.zigzag();
  message.payload_type = (flags & kFilePayload) != 0 ? PayloadType::kFile : PayloadType::kText;
  if ((flags & kFromDevice) != 0) message.from_device.text = reader.text();
  if ((flags & kMetadata) != 0) message.metadata = reader.text();
  if ((flags & kReplyTo) != 0) message.reply_to = read_message_id(reader);
  if ((flags & kChannels) != 0) {
    message.channels.emplace(reader.count());
    for (std::string& channel : *message.channels) channel = reader.text();
  }
  if ((flags & kTrace) != 0) read_bytes(reader, message.trace_id);
  if ((flags & kEdited) != 0) message.edited_at = message.created_at + reader.zigzag();
  if ((flags & kDeleted) != 0) message.deleted_at = message.created_at + reader.zigzag();
  message.payload = reader.text();
  return finish(reader, std::move(message));
}

std::optional<MessageHeader> get_header(std::string_view value) {
  ByteReader reader = open(value);
  MessageHeader header;
  read_header(reader, header);
  if (reader.damaged()) return std::nullopt;
  return header;
}

void put_id(std::string& out, const IdRow& row) {
  ByteWriter writer = start(out);
  writer.zigzag(row.created_at);
  writer.varint(row.seq.value);
}

std::optional<IdRow> get_id(std::string_view value) {
  ByteReader reader = open(value);
  IdRow row;
  row.created_at = reader.zigzag();
  row.seq = {reader.varint()};
  return finish(reader, std::move(row));
}

std::optional<TimestampMs> time_of(std::string_view value) {
  ByteReader reader = open(value);
  const TimestampMs at = reader.zigzag();
  if (reader.damaged()) return std::nullopt;
  return at;
}

void put_conversation(std::string& out, const Conversation& row) {
  ByteWriter writer = start(out);
  writer.u8(byte_of(row.type));
  writer.u8(row.deleted ? 1 : 0);
  writer.varint(row.last_seq.value);
  writer.varint(row.version.value);
  writer.varint(row.applied.value);
  writer.zigzag(row.created_at);
  writer.text(row.created_by.text);
  writer.text(row.metadata);
}

std::optional<Conversation> get_conversation(std::string_view value) {
  ByteReader reader = open(value);
  Conversation row;
  row.type = read_enum(reader, ConversationType::kGroup);
  row.deleted = reader.u8() != 0;
  row.last_seq = {reader.varint()};
  row.version = {reader.varint()};
  row.applied = {reader.varint()};
  row.created_at = reader.zigzag();
  row.created_by.text = reader.text();
  row.metadata = reader.text();
  return finish(reader, std::move(row));
}

void put_member(std::string& out, const Member& row) {
  ByteWriter writer = start(out);
  writer.u8(byte_of(row.role));
  writer.u8(row.left_at ? 1 : 0);
  writer.zigzag(row.joined_at);
  writer.varint(row.visible_after.value);
  writer.varint(row.joined_after.value);
  writer.varint(row.joined_version.value);
  if (row.left_at) writer.zigzag(*row.left_at);
  writer.varint(row.left_at_seq.value);
  writer.varint(row.left_at_version.value);
  writer.varint(row.earlier.size());
  for (const PastMembership& past : row.earlier) {
    writer.varint(past.joined_after.value);
    writer.varint(past.left_at_seq.value);
  }
}

std::optional<Member> get_member(std::string_view value) {
  ByteReader reader = open(value);
  Member row;
  row.role = read_enum(reader, Role::kOwner);
  const bool left = reader.u8() != 0;
  row.joined_at = reader.zigzag();
  row.visible_after = {reader.varint()};
  row.joined_after = {reader.varint()};
  row.joined_version = {reader.varint()};
  if (left) row.left_at = reader.zigzag();
  row.left_at_seq = {reader.varint()};
  row.left_at_version = {reader.varint()};
  row.earlier.resize(reader.count());
  for (PastMembership& past : row.earlier) {
    past.joined_after = {reader.varint()};
    past.left_at_seq = {reader.varint()};
  }
  return finish(reader, std::move(row));
}

void put_progress(std::string& out, const Progress& row) {
  ByteWriter writer = start(out);
  writer.varint(row.delivered.value);
  writer.varint(row.read.value);
  writer.varint(row.devices.size());
  for (const DeviceCursor& cursor : row.devices) {
    writer.text(cursor.device.text);
    writer.varint(cursor.seq.value);
    writer.varint(cursor.version.value);
  }
}

std::optional<Progress> get_progress(std::string_view value) {
  ByteReader reader = open(value);
  Progress row;
  row.delivered = {reader.varint()};
  row.read = {reader.varint()};
  row.devices.resize(reader.count());
  for (DeviceCursor& cursor : row.devices) {
    cursor.device.text = reader.text();
    cursor.seq = {reader.varint()};
    cursor.version = {reader.varint()};
  }
  return finish(reader, std::move(row));
}

void put_time(std::string& out, TimestampMs at) { start(out).zigzag(at); }

void put_change(std::string& out, const Change& row) {
  ByteWriter writer = start(out);
  writer.zigzag(row.at);
  writer.u8(byte_of(row.type));
  writer.u8(byte_of(row.role));
  writer.text(row.by.text);
  writer.raw(row.message_id.view());
  writer.varint(row.seq.value);
  writer.text(row.emoji);
  writer.text(row.user_id.text);
  writer.text(row.metadata);
}

std::optional<Change> get_change(std::string_view value) {
  ByteReader reader = open(value);
  Change row;
  row.at = reader.zigzag();
  row.type = read_enum(reader, ChangeType::kConversationUpdated);
  row.role = read_enum(reader, Role::kOwner);
  row.by.text = reader.text();
  row.message_id = read_message_id(reader);
  row.seq = {reader.varint()};
  row.emoji = read_text(reader);
  row.user_id.text = reader.text();
  row.metadata = reader.text();
  return finish(reader, std::move(row));
}

void put_receipt(std::string& out, const ReceiptEvent& row) {
  ByteWriter writer = start(out);
  writer.zigzag(row.at);
  writer.u8(byte_of(row.status));
  writer.raw(row.conversation_id.view());
  writer.raw(row.message_id.view());
  writer.varint(row.seq.value);
  writer.text(row.user_id.text);
}

std::optional<ReceiptEvent> get_receipt(std::string_view value) {
  ByteReader reader = open(value);
  ReceiptEvent row;
  row.at = reader.zigzag();
  row.status = read_enum(reader, MessageStatus::kUnknown);
  read_bytes(reader, row.conversation_id.uuid.bytes);
  row.message_id = read_message_id(reader);
  row.seq = {reader.varint()};
  row.user_id.text = reader.text();
  return finish(reader, std::move(row));
}

void put_device(std::string& out, const Device& row) {
  ByteWriter writer = start(out);
  writer.zigzag(row.first_seen);
  writer.zigzag(row.last_seen);
  const auto& places = row.receipts_seen.places();
  for (std::size_t i = 0; i < std::max<std::size_t>(places.size(), 1); ++i) {
    const ReceiptPlace place = places.empty() ? ReceiptPlace{} : places[i];
    writer.varint(place.position.value);
    writer.varint(place.index | (i + 1 < places.size() ? kAnotherPlace : 0));
  }
}

std::optional<Device> get_device(std::string_view value) {
  ByteReader reader = open(value);
  Device row;
  row.first_seen = reader.zigzag();
  row.last_seen = reader.zigzag();
  for (bool more = true; more;) {
    const LogPosition position{reader.varint()};
    const std::uint64_t index = reader.varint();
    if (position.value != 0) row.receipts_seen.add({position, static_cast<std::uint32_t>(index)});
    more = (index & kAnotherPlace) != 0 && !reader.damaged();
  }
  return finish(reader, std::move(row));
}

void put_number(std::string& out, std::uint64_t number) { start(out).varint(number); }

std::optional<std::uint64_t> get_number(std::string_view value) {
  ByteReader reader = open(value);
  const std::uint64_t number = reader.varint();
  return finish(reader, number);
}

}  // namespace c4a::rocks
