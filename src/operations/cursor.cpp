#include "operations/cursor.h"

#include <charconv>

#include "base/encoding.h"
#include "base/uuid.h"

namespace c4a {
namespace {

constexpr char kSeparator = '\n';

// Enough to tell a foreign cursor from an own one; what a client could do with a forged one is read its own lists.
std::string tag_of(std::string_view list) { return Uuid::from_name(list).str().substr(0, 8); }

}  // namespace

std::unexpected<Error> bad_cursor() {
  return fail_field("?cursor", "is none that this list has answered; start again without it",
                    ErrorCode::kInvalidCursor);
}

std::string make_cursor(std::string_view list, std::initializer_list<std::string_view> parts) {
  std::string text = tag_of(list);
  for (const auto part : parts) {
    text += kSeparator;
    text += part;
  }
  return to_base64url(text);
}

Result<std::vector<std::string>> read_cursor(std::string_view list, std::string_view cursor, std::size_t parts) {
  const auto text = cursor.size() > 1024 ? std::nullopt : from_base64url(cursor);
  if (!text || !text->starts_with(tag_of(list))) return bad_cursor();
  std::vector<std::string> found;
  std::size_t at = text->find(kSeparator);
  while (at != std::string::npos) {
    const std::size_t next = text->find(kSeparator, at + 1);
    found.push_back(text->substr(at + 1, next == std::string::npos ? next : next - at - 1));
    at = next;
  }
  if (found.size() != parts) return bad_cursor();
  return found;
}

Result<std::uint64_t> cursor_number(std::string_view part) {
  std::uint64_t number = 0;
  const auto end = std::from_chars(part.data(), part.data() + part.size(), number);
  if (part.empty() || end.ec != std::errc() || end.ptr != part.data() + part.size()) return bad_cursor();
  return number;
}

}  // namespace c4a
