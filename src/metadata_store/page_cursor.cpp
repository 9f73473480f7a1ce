#include "metadata_store/page_cursor.h"

#include <charconv>
#include <string_view>

namespace c4a {
namespace {

std::unexpected<Error> bad_cursor() {
  return fail_field("?cursor", "is not a cursor of this list", ErrorCode::kInvalidCursor);
}

// Digits only, without a leading zero: one text per cursor.
std::optional<std::int64_t> parse_position(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  if (std::to_string(value) != text) return std::nullopt;
  return value;
}

}  // namespace

std::string KeyCursor::text() const { return "k" + std::to_string(created_at) + "." + key_id.str(); }

Result<KeyCursor> KeyCursor::parse(const std::optional<std::string>& text) {
  if (!text) return KeyCursor{};
  const std::size_t dot = text->find('.');
  if (!text->starts_with('k') || dot == std::string::npos) return bad_cursor();
  const auto created_at = parse_position(std::string_view(*text).substr(1, dot - 1));
  const auto key_id = Uuid::parse(std::string_view(*text).substr(dot + 1));
  if (!created_at || !key_id) return bad_cursor();
  return KeyCursor{*created_at, *key_id};
}

std::string AuditCursor::text() const { return "a" + std::to_string(position); }

Result<AuditCursor> AuditCursor::parse(const std::optional<std::string>& text) {
  if (!text) return AuditCursor{};
  if (!text->starts_with('a')) return bad_cursor();
  const auto position = parse_position(std::string_view(*text).substr(1));
  if (!position) return bad_cursor();
  return AuditCursor{*position};
}

}  // namespace c4a
