#include "bench/wire.h"

#include <algorithm>
#include <cstring>

#include "bench/frame_scan.h"

namespace c4a::bench {
namespace {

constexpr std::uint64_t kMaxFrame = 16U << 20U;

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = (value << 8U) | static_cast<std::uint8_t>(c);
  return value;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

Take take_ws_frame(std::string_view& data, WsFrame& frame) {
  if (data.size() < 2) return Take::kMore;
  const auto first = static_cast<std::uint8_t>(data[0]);
  const auto second = static_cast<std::uint8_t>(data[1]);
  if ((first & 0x70U) != 0) return Take::kBroken;
  std::uint64_t length = second & 0x7FU;
  std::size_t header = 2;
  if (length >= 126) {
    const std::size_t bytes = length == 126 ? 2 : 8;
    if (data.size() < header + bytes) return Take::kMore;
    length = big_endian(data.substr(header, bytes));
    header += bytes;
  }
  if (length > kMaxFrame) return Take::kBroken;
  frame.masked = (second & 0x80U) != 0;
  frame.mask = 0;
  if (frame.masked) {
    if (data.size() < header + 4) return Take::kMore;
    frame.mask = static_cast<std::uint32_t>(big_endian(data.substr(header, 4)));
    header += 4;
  }
  if (data.size() < header + length) return Take::kMore;
  frame.opcode = first & 0x0FU;
  frame.final = (first & 0x80U) != 0;
  frame.payload = data.substr(header, length);
  data.remove_prefix(header + length);
  return Take::kTaken;
}

std::size_t write_ws_header(char* payload, std::size_t payload_size, std::uint8_t opcode, bool masked) {
  char header[kWsHeadroom] = {};
  std::size_t length = 2;
  header[0] = static_cast<char>(0x80U | opcode);
  if (payload_size < 126) {
    header[1] = static_cast<char>(payload_size);
  } else {
    header[1] = 126;
    header[2] = static_cast<char>(payload_size >> 8U);
    header[3] = static_cast<char>(payload_size & 0xFFU);
    length = 4;
  }
  if (masked) {
    header[1] = static_cast<char>(static_cast<std::uint8_t>(header[1]) | 0x80U);
    length += 4;
  }
  std::memcpy(payload - length, header, length);
  return length;
}

void append_ws_frame(std::string& out, std::string_view payload, std::uint8_t opcode, bool masked) {
  char header[kWsHeadroom];
  const auto length = write_ws_header(header + kWsHeadroom, payload.size(), opcode, masked);
  out.append(header + kWsHeadroom - length, length);
  out.append(payload);
}

Take take_http_answer(std::string_view& data, HttpAnswer& answer) {
  const auto head_end = data.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return data.size() > 65536 ? Take::kBroken : Take::kMore;
  const auto head = data.substr(0, head_end + 2);
  if (!head.starts_with("HTTP/1.1 ") || head.size() < 14) return Take::kBroken;
  answer.status = static_cast<int>(leading_number(head.substr(9, 3)).value_or(0));
  std::size_t body = 0;
  if (answer.status >= 200 && answer.status != 204 && answer.status != 304) {
    const auto length = leading_number(header_value(head, "content-length"));
    if (!length || *length > kMaxFrame) return Take::kBroken;
    body = *length;
  }
  if (data.size() < head_end + 4 + body) return Take::kMore;
  answer.head = head;
  answer.body = data.substr(head_end + 4, body);
  data.remove_prefix(head_end + 4 + body);
  return Take::kTaken;
}

std::string_view header_value(std::string_view head, std::string_view name) {
  auto at = head.find("\r\n");
  while (at != std::string_view::npos) {
    const auto line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
    if (line.size() > name.size() && line[name.size()] == ':' && same_name(line.substr(0, name.size()), name)) {
      auto value = line.substr(name.size() + 1);
      while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
      while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
      return value;
    }
    at = head.find("\r\n", at + 2);
  }
  return {};
}

}  // namespace c4a::bench
