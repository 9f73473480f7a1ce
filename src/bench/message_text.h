#pragma once

// The messages that the generator sends. Each text starts with its number, so that a recipient can tell which one it
// got, and goes on with noise that no compression shrinks to nothing.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/uuid.h"

namespace c4a::bench {

inline constexpr std::size_t kNumberDigits = 10;
inline constexpr std::size_t kMinTextBytes = kNumberDigits;
inline constexpr std::size_t kMaxTextBytes = 4000;

// How a `send` frame begins: the floor server finds its fields by their places.
inline constexpr std::string_view kSendStart = R"({"type":"send","ref":")";
inline constexpr std::string_view kAfterRef = R"(","message":{)";
inline constexpr std::string_view kMessageIdKey = R"("message_id":")";
inline constexpr std::string_view kConversationKey = R"("conversation_id":")";
inline constexpr std::string_view kPayloadStart = R"(","payload":{"type":"text","text":")";
inline constexpr std::string_view kPayloadEnd = R"("}})";

class MessageWriter {
 public:
  // With `own_ids` every message carries a message_id of its own, as a client does that repeats sends.
  MessageWriter(std::size_t text_bytes, bool own_ids);

  // A whole `send` frame whose ref is `number`.
  void append_frame(std::string& out, std::uint64_t number, std::string_view conversation);
  // The same with a message_id of the caller's, for one who repeats sends: everything follows from number and id.
  void append_frame(std::string& out, std::uint64_t number, std::string_view conversation, const Uuid& message_id);
  // The body of POST /v1/messages.
  void append_body(std::string& out, std::uint64_t number, std::string_view conversation);
  // Whether `text` is the text of that message, to the last byte.
  bool is_text_of(std::string_view text, std::uint64_t number) const;

 private:
  void append_message(std::string& out, std::uint64_t number, std::string_view conversation);
  void append_content(std::string& out, std::uint64_t number, std::string_view conversation) const;
  std::string_view noise_of(std::uint64_t number) const;

  std::size_t text_bytes_;
  bool own_ids_;
  std::string noise_;
  Uuid next_id_;
};

// `number` with leading zeros, kNumberDigits long.
void append_number(std::string& out, std::uint64_t number);

void append_delivered_frame(std::string& out, std::string_view conversation, std::uint64_t up_to_seq);

}  // namespace c4a::bench
