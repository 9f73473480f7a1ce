#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "domain/ids.h"

namespace c4a {

enum class PayloadType : std::uint8_t { kText = 1, kFile = 2 };

// How far a message, or one copy of it, has come. It only goes up; kFailed and kUnknown stand beside the way up.
enum class MessageStatus : std::uint8_t { kSent = 1, kDelivered = 2, kRead = 3, kFailed = 4, kUnknown = 5 };

std::string_view to_text(MessageStatus status);  // "SENT"

// Tells two sends under one message_id apart: a hash of what the sender said, in canonical form.
using ContentDigest = std::array<std::uint8_t, 16>;

struct Message {
  MessageId message_id;
  ConversationId conversation_id;
  Seq seq;
  UserId from;
  DeviceId from_device;        // the device that sent it, which needs no delivery of its own
  TimestampMs created_at = 0;  // accepted by the gateway
  TimestampMs routed_at = 0;   // decided by the router
  PayloadType payload_type = PayloadType::kText;
  std::string payload;          // JSON object; empty once deleted
  std::string metadata = "{}";  // JSON object
  std::optional<MessageId> reply_to;
  std::vector<UserId> to;                            // empty: every other member of that moment
  std::optional<std::vector<std::string>> channels;  // as asked for; nothing: every active channel
  bool request_delivery_receipt = false;
  ContentDigest digest{};
  std::array<std::uint8_t, 16> trace_id{};
  std::optional<TimestampMs> edited_at;
  std::optional<TimestampMs> deleted_at;
};

struct Reaction {
  std::string emoji;
  UserId user_id;
  TimestampMs at = 0;
};

// Who wrote a message and who must learn of its receipts: all that an acknowledgement needs to know of it.
struct MessageHeader {
  MessageId message_id;
  Seq seq;
  UserId from;
  ContentDigest digest{};
  TimestampMs created_at = 0;
  bool request_delivery_receipt = false;
  std::vector<UserId> to;
};

MessageHeader header_of(const Message& message);

}  // namespace c4a
