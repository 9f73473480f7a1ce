#include "bench/frame_scan.h"

#include <cstring>

namespace c4a::bench {
namespace {

constexpr std::string_view kTypeFirst = R"({"type":")";

// Where the string that opens at `quote` ends: the place of its closing quote, or npos.
std::size_t closing_quote(std::string_view json, std::size_t quote) {
  for (std::size_t i = quote + 1; i < json.size(); ++i) {
    if (json[i] == '\\') {
      ++i;
    } else if (json[i] == '"') {
      return i;
    }
  }
  return std::string_view::npos;
}

// The value of the top-level key "type" in an object whose first member is another one.
std::string_view top_level_type(std::string_view json) {
  int depth = 0;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (c != '"') continue;
    const auto end = closing_quote(json, i);
    if (end == std::string_view::npos) return {};
    if (depth == 1 && json.substr(i, end - i + 1) == R"("type")" && json.substr(end + 1).starts_with(":\"")) {
      const auto value_end = closing_quote(json, end + 2);
      return value_end == std::string_view::npos ? std::string_view{} : json.substr(end + 3, value_end - end - 3);
    }
    i = end;
  }
  return {};
}

}  // namespace

FrameKind frame_kind(std::string_view frame) {
  std::string_view type;
  if (frame.starts_with(kTypeFirst)) {
    type = frame.substr(kTypeFirst.size(), 24);
    type = type.substr(0, type.find('"'));
  } else {
    type = top_level_type(frame);
  }
  if (type == "message") return FrameKind::kMessage;
  if (type == "sent") return FrameKind::kSent;
  if (type == "status") return FrameKind::kStatus;
  if (type == "error") return FrameKind::kError;
  if (type == "ready") return FrameKind::kReady;
  if (type == "gap") return FrameKind::kGap;
  return FrameKind::kOther;
}

std::string_view KeyFinder::after(std::string_view frame) {
  if (frame.size() >= hint_ + key_.size() && std::memcmp(frame.data() + hint_, key_.data(), key_.size()) == 0) {
    return frame.substr(hint_ + key_.size());
  }
  const void* at = memmem(frame.data(), frame.size(), key_.data(), key_.size());
  if (at == nullptr) return {};
  hint_ = static_cast<std::size_t>(static_cast<const char*>(at) - frame.data());
  return frame.substr(hint_ + key_.size());
}

std::optional<std::uint64_t> KeyFinder::number(std::string_view frame) { return leading_number(after(frame)); }

std::optional<std::string_view> KeyFinder::text(std::string_view frame) {
  const auto rest = after(frame);
  if (!rest.starts_with('"')) return std::nullopt;
  const auto end = closing_quote(rest, 0);
  if (end == std::string_view::npos) return std::nullopt;
  return rest.substr(1, end - 1);
}

std::string_view take_object(std::string_view& rest) {
  if (rest.starts_with(',')) rest.remove_prefix(1);
  if (!rest.starts_with('{')) return {};
  int depth = 0;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] == '"') {
      i = closing_quote(rest, i);
      if (i == std::string_view::npos) return {};
    } else if (rest[i] == '{') {
      ++depth;
    } else if (rest[i] == '}' && --depth == 0) {
      const auto object = rest.substr(0, i + 1);
      rest.remove_prefix(i + 1);
      return object;
    }
  }
  return {};
}

std::optional<std::uint64_t> leading_number(std::string_view text) {
  std::uint64_t value = 0;
  std::size_t i = 0;
  while (i < text.size() && i < 19 && text[i] >= '0' && text[i] <= '9') {
    value = value * 10 + static_cast<std::uint64_t>(text[i] - '0');
    ++i;
  }
  if (i == 0) return std::nullopt;
  return value;
}

}  // namespace c4a::bench
