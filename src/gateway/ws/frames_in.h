#pragma once

// What clients may say over the WebSocket, as values. Parsing only.

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json_reader.h"
#include "domain/ids.h"

namespace c4a {

struct AuthFrame {
  std::string token;
  DeviceId device;
};
struct SendFrame {
  std::string ref;     // JSON, as it came; empty: none
  JsonObject message;  // lives until the next parse on this thread
};
struct AckFrame {
  ConversationId conversation;
  Seq up_to_seq;
  Version up_to_version;
  bool read = false;
};
struct TypingFrame {
  ConversationId conversation;
};
struct WatchFrame {
  std::vector<UserId> users;
};
struct PingFrame {};

using FrameIn = std::variant<AuthFrame, SendFrame, AckFrame, TypingFrame, WatchFrame, PingFrame>;

inline constexpr std::size_t kMaxWatched = 1000;

struct BadFrame {
  Error error;
  std::string ref;  // of a send, where it could be read
};

// One JSON frame.
std::expected<FrameIn, BadFrame> read_frame(std::string_view text);

}  // namespace c4a
