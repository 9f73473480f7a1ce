#pragma once

// WebSocket frames (RFC 6455 §5) without I/O: a decoder for what clients send, and the headers of what a server sends.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace c4a::net {

enum class Opcode : std::uint8_t {
  kContinuation = 0x0,
  kText = 0x1,
  kBinary = 0x2,
  kClose = 0x8,
  kPing = 0x9,
  kPong = 0xA,
};

// The close codes that this server sends of its own accord.
inline constexpr std::uint16_t kCloseNormal = 1000;
inline constexpr std::uint16_t kCloseProtocol = 1002;
inline constexpr std::uint16_t kCloseUnsupported = 1003;
inline constexpr std::uint16_t kCloseNoCode = 1005;  // never on the wire: the peer's close frame was empty
inline constexpr std::uint16_t kCloseBadUtf8 = 1007;
inline constexpr std::uint16_t kCloseRestart = 1012;
inline constexpr std::uint16_t kCloseTooLarge = 4009;

inline constexpr std::size_t kMaxControlBytes = 125;

struct WebSocketItem {
  enum class Kind : std::uint8_t { kNeedMore, kText, kPing, kPong, kClose, kFailed };
  Kind kind = Kind::kNeedMore;
  std::uint16_t close_code = 0;  // kClose: what the peer sent, or kCloseNoCode. kFailed: what to close with
  std::string_view payload;      // of text, ping, pong; the reason of kClose and kFailed
};

// Incremental. Holds bytes of its own only for an incomplete header, control frame or message.
class WebSocketDecoder {
 public:
  explicit WebSocketDecoder(std::size_t max_message_bytes) : max_message_bytes_(max_message_bytes) {}

  // The next item of `input`, from whose front it takes bytes, and which it unmasks in place. kNeedMore: all taken.
  // The payload is valid until the next call or until `input`'s memory changes; a text is valid UTF-8 and followed by
  // kReadPadding readable bytes if `input` is.
  //
  // Fails with: 1002 (unmasked, reserved bits or opcodes, control frames that are fragmented or too long, a
  // continuation of nothing, a message inside a message, lengths not in their shortest form, a bad close frame), 1003
  // (binary), 1007 (a text or close reason that is not UTF-8), 4009 (a message over the limit, as soon as a header
  // announces it). The stream cannot be read any further then.
  WebSocketItem next(std::span<char>& input);

  // Memory held for what is incomplete.
  std::size_t held_bytes() const { return message_.capacity() + partial_.capacity(); }

 private:
  using Kind = WebSocketItem::Kind;

  bool take_header(std::span<char>& input);
  bool read_header(const unsigned char* bytes);
  bool check_header(unsigned char first, unsigned char second);
  WebSocketItem take_control(std::span<char>& input);
  WebSocketItem take_data(std::span<char>& input);
  WebSocketItem control_item(std::string_view payload);
  WebSocketItem close_item(std::string_view payload);
  WebSocketItem text_item(std::string_view text);
  void fail(std::uint16_t code, std::string_view reason);
  WebSocketItem failure() const { return {Kind::kFailed, failed_code_, failed_reason_}; }
  void drop_delivered();

  std::size_t max_message_bytes_;
  std::string message_;  // the message so far
  std::string partial_;  // an incomplete header, or the payload of an incomplete control frame
  std::string_view failed_reason_;
  std::uint64_t length_ = 0;  // of the present frame
  std::uint64_t received_ = 0;
  std::uint32_t mask_ = 0;  // as four bytes in memory
  std::uint16_t failed_code_ = 0;
  Opcode opcode_ = Opcode::kContinuation;
  bool final_ = false;
  bool in_frame_ = false;      // the header is read, the payload is not
  bool in_message_ = false;    // a message began and its last fragment has not come
  bool drop_message_ = false;  // the last item viewed message_
  bool drop_partial_ = false;
};

// XORs with the mask, eight bytes at a time. `phase`: how many payload bytes came before.
void unmask(char* bytes, std::size_t size, std::uint32_t mask, std::size_t phase);

// Appends an unmasked, final frame's header: 2, 4 or 10 bytes.
void append_frame_header(std::string& out, Opcode opcode, std::size_t payload_bytes);
std::size_t frame_header_bytes(std::size_t payload_bytes);

// Appends a whole control frame. The payload is cut at kMaxControlBytes.
void append_control_frame(std::string& out, Opcode opcode, std::string_view payload);
// kCloseNoCode gives an empty close frame. A reason too long is cut between characters.
void append_close_frame(std::string& out, std::uint16_t code, std::string_view reason);

}  // namespace c4a::net
