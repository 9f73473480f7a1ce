#pragma once

#include <optional>
#include <string>

#include "domain/ids.h"

namespace c4a::simulation {

// A frame as the client reads it, taken apart.
struct ToldFrame {
  std::string type;
  std::string raw;
  ConversationId conversation;
  Seq seq;
  Version version;
  MessageId message_id;
  UserId from;  // of the message
  UserId by;
  UserId user_id;
  std::string status;
  std::string detail;                  // of a change: what it says besides, to be the same for everybody
  std::optional<std::string> payload;  // of the message; nothing: deleted
  bool has_message = false;
};

ToldFrame read_frame(std::string text);

}  // namespace c4a::simulation
