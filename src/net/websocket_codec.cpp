#include "net/websocket_codec.h"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "net/http_message.h"

namespace c4a::net {
namespace {

constexpr unsigned char kFinal = 0x80;
constexpr unsigned char kReserved = 0x70;
constexpr unsigned char kMasked = 0x80;
constexpr unsigned char kLength16 = 126;
constexpr unsigned char kLength64 = 127;
constexpr std::size_t kMaskBytes = 4;

bool is_control(Opcode opcode) { return static_cast<std::uint8_t>(opcode) >= 0x8; }

// RFC 6455 §7.4 and the IANA registry.
bool is_close_code(std::uint16_t code) {
  return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
         (code >= 3000 && code <= 4999);
}

std::size_t header_bytes(unsigned char second) {
  const unsigned char length = second & 0x7f;
  return 2 + (length == kLength16 ? 2u : length == kLength64 ? 8u : 0u) + ((second & kMasked) != 0 ? kMaskBytes : 0u);
}

std::uint64_t big_endian(const unsigned char* bytes, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8 | bytes[i];
  return value;
}

void append_big_endian(std::string& out, std::uint64_t value, int size) {
  for (int shift = (size - 1) * 8; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xff);
}

}  // namespace

void unmask(char* bytes, std::size_t size, std::uint32_t mask, std::size_t phase) {
  if constexpr (std::endian::native == std::endian::little) {
    mask = std::rotr(mask, static_cast<int>(phase % 4 * 8));
  } else {
    mask = std::rotl(mask, static_cast<int>(phase % 4 * 8));
  }
  const std::uint64_t wide = std::uint64_t{mask} << 32 | mask;
  std::size_t at = 0;
  for (; at + sizeof wide <= size; at += sizeof wide) {
    std::uint64_t word;
    std::memcpy(&word, bytes + at, sizeof word);
    word ^= wide;
    std::memcpy(bytes + at, &word, sizeof word);
  }
  char key[sizeof wide];
  std::memcpy(key, &wide, sizeof wide);
  for (std::size_t i = 0; at < size; ++at, ++i) bytes[at] = static_cast<char>(bytes[at] ^ key[i]);
}

WebSocketItem WebSocketDecoder::next(std::span<char>& input) {
  drop_delivered();
  for (;;) {
    if (failed_code_ != 0) return failure();
    if (!in_frame_ && !take_header(input)) return failed_code_ != 0 ? failure() : WebSocketItem{};
    const WebSocketItem item = is_control(opcode_) ? take_control(input) : take_data(input);
    if (item.kind != Kind::kNeedMore || input.empty()) {
      // An empty frame at the end of the input may be followed by nothing: its item was returned, the rest comes later.
      return item;
    }
  }
}

void WebSocketDecoder::drop_delivered() {
  if (drop_message_) std::string().swap(message_);
  if (drop_partial_) std::string().swap(partial_);
  drop_message_ = drop_partial_ = false;
}

bool WebSocketDecoder::take_header(std::span<char>& input) {
  if (partial_.empty() && input.size() >= 2) {
    const std::size_t size = header_bytes(static_cast<unsigned char>(input[1]));
    if (input.size() >= size) {
      const char* bytes = input.data();
      input = input.subspan(size);
      return read_header(reinterpret_cast<const unsigned char*>(bytes));
    }
  }
  while (!input.empty()) {
    partial_ += input.front();
    input = input.subspan(1);
    if (partial_.size() < 2 || partial_.size() < header_bytes(static_cast<unsigned char>(partial_[1]))) continue;
    const std::string header = std::move(partial_);
    std::string().swap(partial_);
    return read_header(reinterpret_cast<const unsigned char*>(header.data()));
  }
  return false;
}

bool WebSocketDecoder::read_header(const unsigned char* bytes) {
  if (!check_header(bytes[0], bytes[1])) return false;
  opcode_ = static_cast<Opcode>(bytes[0] & 0x0f);
  final_ = (bytes[0] & kFinal) != 0;
  const unsigned char short_length = bytes[1] & 0x7f;
  const std::size_t extended = short_length == kLength16 ? 2 : short_length == kLength64 ? 8 : 0;
  length_ = extended == 0 ? short_length : big_endian(bytes + 2, extended);
  if ((extended == 2 && length_ < kLength16) || (extended == 8 && length_ <= 0xffff)) {
    fail(kCloseProtocol, "A length must be in its shortest form");
    return false;
  }
  if (!is_control(opcode_) && length_ > max_message_bytes_ - message_.size()) {
    fail(kCloseTooLarge, "The message is larger than the limit");
    return false;
  }
  std::memcpy(&mask_, bytes + 2 + extended, kMaskBytes);
  received_ = 0;
  in_frame_ = true;
  return true;
}

bool WebSocketDecoder::check_header(unsigned char first, unsigned char second) {
  const auto refuse = [this](std::uint16_t code, std::string_view reason) {
    fail(code, reason);
    return false;
  };
  if ((first & kReserved) != 0) return refuse(kCloseProtocol, "A reserved bit is set");
  if ((second & kMasked) == 0) return refuse(kCloseProtocol, "A client must mask its frames");
  switch (const auto opcode = static_cast<Opcode>(first & 0x0f)) {
    case Opcode::kContinuation:
      if (!in_message_) return refuse(kCloseProtocol, "There is no message to continue");
      return true;
    case Opcode::kText:
      if (in_message_) return refuse(kCloseProtocol, "The message before is not finished");
      return true;
    case Opcode::kBinary:
      if (in_message_) return refuse(kCloseProtocol, "The message before is not finished");
      return refuse(kCloseUnsupported, "Only text messages are understood");
    case Opcode::kClose:
    case Opcode::kPing:
    case Opcode::kPong:
      if ((first & kFinal) == 0) return refuse(kCloseProtocol, "A control frame cannot be fragmented");
      if ((second & 0x7f) > kMaxControlBytes) return refuse(kCloseProtocol, "A control frame is too long");
      return true;
    default:
      static_cast<void>(opcode);
      return refuse(kCloseProtocol, "An opcode is reserved");
  }
}

WebSocketItem WebSocketDecoder::take_control(std::span<char>& input) {
  const auto left = static_cast<std::size_t>(length_) - partial_.size();
  const std::size_t size = std::min(left, input.size());
  char* const bytes = input.data();
  input = input.subspan(size);
  if (partial_.empty() && size == left) {
    in_frame_ = false;
    unmask(bytes, size, mask_, 0);
    return control_item({bytes, size});
  }
  partial_.append(bytes, size);
  if (size < left) return {};
  in_frame_ = false;
  drop_partial_ = true;
  unmask(partial_.data(), partial_.size(), mask_, 0);
  return control_item(partial_);
}

WebSocketItem WebSocketDecoder::control_item(std::string_view payload) {
  if (opcode_ == Opcode::kPing) return {Kind::kPing, 0, payload};
  if (opcode_ == Opcode::kPong) return {Kind::kPong, 0, payload};
  return close_item(payload);
}

WebSocketItem WebSocketDecoder::close_item(std::string_view payload) {
  if (payload.empty()) return {Kind::kClose, kCloseNoCode, {}};
  const auto code =
      payload.size() < 2
          ? std::uint16_t{0}
          : static_cast<std::uint16_t>(big_endian(reinterpret_cast<const unsigned char*>(payload.data()), 2));
  if (!is_close_code(code)) {
    fail(kCloseProtocol, "The close code is not one that may be sent");
    return failure();
  }
  const std::string_view reason = payload.substr(2);
  if (!simdjson::validate_utf8(reason)) {
    fail(kCloseBadUtf8, "The close reason is not UTF-8");
    return failure();
  }
  return {Kind::kClose, code, reason};
}

WebSocketItem WebSocketDecoder::take_data(std::span<char>& input) {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(length_ - received_, input.size()));
  char* const bytes = input.data();
  input = input.subspan(size);
  const bool whole = received_ == 0 && size == length_ && final_ && message_.empty();
  if (whole) {  // the usual case: a message in one frame in one read, and no copy
    in_frame_ = in_message_ = false;
    unmask(bytes, size, mask_, 0);
    return text_item({bytes, size});
  }
  const std::size_t before = message_.size();
  message_.append(bytes, size);
  unmask(message_.data() + before, size, mask_, static_cast<std::size_t>(received_));
  received_ += size;
  if (received_ < length_) return {};
  in_frame_ = false;
  in_message_ = !final_;
  if (!final_) return {};
  drop_message_ = true;
  const std::size_t total = message_.size();
  message_.append(kReadPadding, '\0');
  return text_item({message_.data(), total});
}

WebSocketItem WebSocketDecoder::text_item(std::string_view text) {
  if (simdjson::validate_utf8(text)) return {Kind::kText, 0, text};
  fail(kCloseBadUtf8, "The text is not UTF-8");
  return failure();
}

void WebSocketDecoder::fail(std::uint16_t code, std::string_view reason) {
  failed_code_ = code;
  failed_reason_ = reason;
}

std::size_t frame_header_bytes(std::size_t payload_bytes) {
  return payload_bytes < kLength16 ? 2 : payload_bytes <= 0xffff ? 4 : 10;
}

void append_frame_header(std::string& out, Opcode opcode, std::size_t payload_bytes) {
  out += static_cast<char>(kFinal | static_cast<unsigned char>(opcode));
  if (payload_bytes < kLength16) {
    out += static_cast<char>(payload_bytes);
  } else if (payload_bytes <= 0xffff) {
    out += static_cast<char>(kLength16);
    append_big_endian(out, payload_bytes, 2);
  } else {
    out += static_cast<char>(kLength64);
    append_big_endian(out, payload_bytes, 8);
  }
}

void append_control_frame(std::string& out, Opcode opcode, std::string_view payload) {
  payload = payload.substr(0, kMaxControlBytes);
  append_frame_header(out, opcode, payload.size());
  out += payload;
}

void append_close_frame(std::string& out, std::uint16_t code, std::string_view reason) {
  if (code == kCloseNoCode) return append_control_frame(out, Opcode::kClose, {});
  std::size_t size = std::min(reason.size(), kMaxControlBytes - 2);
  while (size < reason.size() && size > 0 && (static_cast<unsigned char>(reason[size]) & 0xc0) == 0x80) --size;
  std::string payload;
  append_big_endian(payload, code, 2);
  payload += reason.substr(0, size);
  append_control_frame(out, Opcode::kClose, payload);
}

}  // namespace c4a::net
