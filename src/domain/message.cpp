#include "domain/message.h"

namespace c4a {

std::string_view to_text(MessageStatus status) {
  switch (status) {
    case MessageStatus::kSent:
      return "SENT";
    case MessageStatus::kDelivered:
      return "DELIVERED";
    case MessageStatus::kRead:
      return "READ";
    case MessageStatus::kFailed:
      return "FAILED";
    case MessageStatus::kUnknown:
      return "UNKNOWN";
  }
  return "UNKNOWN";
}

MessageHeader header_of(const Message& message) {
  return {message.message_id, message.seq,        message.from,
          message.digest,     message.created_at, message.request_delivery_receipt,
          message.to};
}

}  // namespace c4a
