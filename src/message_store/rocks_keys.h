#pragma once

// The keys of RocksMessageStore; docs/formats/message_store.md has the same as a table.
//
// Keys of one conversation begin with its 16 bytes and keys of one user with the user's id and a NUL (which no user id
// holds), so that what is read together is one range. Positions are big-endian, so that their order is the keys' order.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "domain/conversation.h"
#include "domain/ids.h"

namespace c4a::rocks {

inline constexpr std::size_t kIdBytes = 16;

// Tags behind a conversation's id in `heads`, a conversation's id in `log`, a user's id in `users`. Numbers are stored.
enum class HeadRowTag : std::uint8_t { kConversation = 1, kFloor = 2, kMember = 3, kProgress = 4 };
enum class LogRowTag : std::uint8_t { kMove = 1, kChange = 2, kReaction = 3, kReceiptAsked = 4 };
enum class UserRowTag : std::uint8_t { kConversation = 1, kDevice = 2, kReceipt = 3, kPrivatePair = 4 };

// Builds keys into one buffer; what it answers stays until the next call.
class KeyWriter {
 public:
  std::string_view message(const ConversationId& id, Seq seq);
  std::string_view message_id(const MessageId& message_id, const ConversationId& id);

  std::string_view head(const ConversationId& id,
                        HeadRowTag tag);  // the row without a user, or where the tag's rows begin
  std::string_view member(const ConversationId& id, const UserId& user);
  std::string_view progress(const ConversationId& id, const UserId& user);

  std::string_view log(const ConversationId& id, LogRowTag tag);  // where the tag's rows begin
  std::string_view moves(const ConversationId& id, const UserId& user, HorizonMove::Kind kind);
  std::string_view move(const ConversationId& id, const UserId& user, HorizonMove::Kind kind, Seq up_to);
  std::string_view change(const ConversationId& id, Version version);
  std::string_view reactions(const ConversationId& id, Seq seq);
  std::string_view reaction(const ConversationId& id, Seq seq, std::string_view emoji, const UserId& user);
  std::string_view receipt_asked(const ConversationId& id, Seq seq);

  std::string_view user(const UserId& user, UserRowTag tag);  // where the tag's rows begin
  std::string_view user_conversation(const UserId& user, const ConversationId& id);
  std::string_view device(const UserId& user, const DeviceId& device);
  std::string_view receipt(const UserId& sender, LogPosition position, std::uint32_t index);
  std::string_view private_pair(const UserId& first, const UserId& second);

 private:
  KeyWriter& begin(std::string_view first) {
    key_.assign(first);
    return *this;
  }
  KeyWriter& add(std::string_view bytes) {
    key_.append(bytes);
    return *this;
  }
  KeyWriter& add(std::uint8_t byte) {
    key_.push_back(static_cast<char>(byte));
    return *this;
  }
  KeyWriter& add_be(std::uint64_t value);

  std::string key_;
};

// The last 8 bytes, a position.
std::uint64_t position_in(std::string_view key);
// What follows the conversation's id and the tag: the user of a member or progress row.
std::string_view user_in_head(std::string_view key);
struct ReactionKey {
  std::string emoji;
  UserId user;
};
std::optional<ReactionKey> reaction_in(std::string_view key);
// What follows the user's id, the NUL and the tag: a conversation's id, a device, a receipt's position and index.
std::string_view rest_in_user(std::string_view key, const UserId& user);
std::uint32_t receipt_index_in(std::string_view key);

// The first key after all that begin with `prefix`.
std::string end_of(std::string_view prefix);
// A key after all that begin with the 16 bytes of `id` in `messages` and `ids`, and that begins with them itself:
// RocksDB's prefix filters ask that of a bound.
std::string within(std::string_view id);

}  // namespace c4a::rocks
