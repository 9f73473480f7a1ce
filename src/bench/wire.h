#pragma once

// The two protocols as bytes: WebSocket frames (RFC 6455 §5.2) and HTTP/1.1 responses, as far as the generator and its
// floor server use them. No I/O.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace c4a::bench {

enum class Take : std::uint8_t { kTaken, kMore, kBroken };

inline constexpr std::uint8_t kWsContinuation = 0;
inline constexpr std::uint8_t kWsText = 1;
inline constexpr std::uint8_t kWsClose = 8;
inline constexpr std::uint8_t kWsPing = 9;
inline constexpr std::uint8_t kWsPong = 10;

struct WsFrame {
  std::uint8_t opcode = 0;
  bool final = true;
  bool masked = false;
  std::uint32_t mask = 0;
  std::string_view payload;  // still masked
};

// Takes one whole frame off the front of `data`. kMore: its end is not there yet; kBroken: reserved bits are set, or it
// is longer than 16 MiB.
Take take_ws_frame(std::string_view& data, WsFrame& frame);

// The longest header of a frame with up to 65,535 bytes, masked.
inline constexpr std::size_t kWsHeadroom = 8;

// Writes the header of a final frame so that it ends right before `payload`, where kWsHeadroom bytes are free. Its
// length. Masked ones carry the mask 0, which leaves the payload as it is. `payload_size` at most 65,535.
std::size_t write_ws_header(char* payload, std::size_t payload_size, std::uint8_t opcode, bool masked);

void append_ws_frame(std::string& out, std::string_view payload, std::uint8_t opcode, bool masked);

struct HttpAnswer {
  int status = 0;
  std::string_view head;
  std::string_view body;
};

// Takes one whole response off the front of `data`. kBroken: not HTTP/1.1, or a body without Content-Length.
Take take_http_answer(std::string_view& data, HttpAnswer& answer);

// The value of a header field in a head (request or response), any letter case; empty where it is absent.
std::string_view header_value(std::string_view head, std::string_view name);

}  // namespace c4a::bench
