#include "message_store/rocks_keys.h"

#include "base/byte_codec.h"

namespace c4a::rocks {
namespace {

// In a text that other bytes follow, NUL becomes NUL 255 and the end is NUL 1: order stays that of the text.
constexpr char kNul = '\0';
constexpr char kEscaped = '\xff';
constexpr char kEnd = '\1';

template <class Enum>
std::uint8_t byte_of(Enum value) {
  return static_cast<std::uint8_t>(value);
}

}  // namespace

KeyWriter& KeyWriter::add_be(std::uint64_t value) {
  append_be64(key_, value);
  return *this;
}

std::string_view KeyWriter::message(const ConversationId& id, Seq seq) {
  return begin(id.view()).add_be(seq.value).key_;
}

std::string_view KeyWriter::message_id(const MessageId& message_id, const ConversationId& id) {
  return begin(message_id.view()).add(id.view()).key_;
}

std::string_view KeyWriter::head(const ConversationId& id, HeadRowTag tag) {
  return begin(id.view()).add(byte_of(tag)).key_;
}

std::string_view KeyWriter::member(const ConversationId& id, const UserId& user) {
  return begin(id.view()).add(byte_of(HeadRowTag::kMember)).add(user.text).key_;
}

std::string_view KeyWriter::progress(const ConversationId& id, const UserId& user) {
  return begin(id.view()).add(byte_of(HeadRowTag::kProgress)).add(user.text).key_;
}

std::string_view KeyWriter::log(const ConversationId& id, LogRowTag tag) {
  return begin(id.view()).add(byte_of(tag)).key_;
}

std::string_view KeyWriter::moves(const ConversationId& id, const UserId& user, HorizonMove::Kind kind) {
  return begin(id.view()).add(byte_of(LogRowTag::kMove)).add(user.text).add(0).add(byte_of(kind)).key_;
}

std::string_view KeyWriter::move(const ConversationId& id, const UserId& user, HorizonMove::Kind kind, Seq up_to) {
  moves(id, user, kind);
  return add_be(up_to.value).key_;
}

std::string_view KeyWriter::change(const ConversationId& id, Version version) {
  return begin(id.view()).add(byte_of(LogRowTag::kChange)).add_be(version.value).key_;
}

std::string_view KeyWriter::reactions(const ConversationId& id, Seq seq) {
  return begin(id.view()).add(byte_of(LogRowTag::kReaction)).add_be(seq.value).key_;
}

std::string_view KeyWriter::reaction(const ConversationId& id, Seq seq, std::string_view emoji, const UserId& user) {
  reactions(id, seq);
  for (const char byte : emoji) {
    key_.push_back(byte);
    if (byte == kNul) key_.push_back(kEscaped);
  }
  key_.push_back(kNul);
  key_.push_back(kEnd);
  return add(user.text).key_;
}

std::string_view KeyWriter::receipt_asked(const ConversationId& id, Seq seq) {
  return begin(id.view()).add(byte_of(LogRowTag::kReceiptAsked)).add_be(seq.value).key_;
}

std::string_view KeyWriter::user(const UserId& user, UserRowTag tag) {
  return begin(user.text).add(0).add(byte_of(tag)).key_;
}

std::string_view KeyWriter::user_conversation(const UserId& user_id, const ConversationId& id) {
  user(user_id, UserRowTag::kConversation);
  return add(id.view()).key_;
}

std::string_view KeyWriter::device(const UserId& user_id, const DeviceId& device) {
  user(user_id, UserRowTag::kDevice);
  return add(device.text).key_;
}

std::string_view KeyWriter::receipt(const UserId& sender, LogPosition position, std::uint32_t index) {
  user(sender, UserRowTag::kReceipt);
  add_be(position.value);
  for (int shift = 24; shift >= 0; shift -= 8) add(static_cast<std::uint8_t>(index >> shift));
  return key_;
}

std::string_view KeyWriter::private_pair(const UserId& first, const UserId& second) {
  user(first, UserRowTag::kPrivatePair);
  return add(second.text).key_;
}

std::uint64_t position_in(std::string_view key) { return key.size() < 8 ? 0 : read_be64(key.substr(key.size() - 8)); }

std::string_view user_in_head(std::string_view key) { return key.substr(kIdBytes + 1); }

std::optional<ReactionKey> reaction_in(std::string_view key) {
  constexpr std::size_t kBefore = kIdBytes + 1 + 8;
  ReactionKey reaction;
  for (std::size_t i = kBefore; i < key.size(); ++i) {
    if (key[i] != kNul) {
      reaction.emoji.push_back(key[i]);
      continue;
    }
    if (++i == key.size()) break;
    if (key[i] == kEnd) {
      reaction.user.text = key.substr(i + 1);
      return reaction;
    }
    reaction.emoji.push_back(kNul);
  }
  return std::nullopt;
}

std::string_view rest_in_user(std::string_view key, const UserId& user) { return key.substr(user.text.size() + 2); }

std::uint32_t receipt_index_in(std::string_view key) { return static_cast<std::uint32_t>(position_in(key)); }

std::string end_of(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 255) end.pop_back();
  if (end.empty()) return within(prefix);
  end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

std::string within(std::string_view id) {
  std::string end(id);
  end.append(kIdBytes + 1, '\xff');
  return end;
}

}  // namespace c4a::rocks
