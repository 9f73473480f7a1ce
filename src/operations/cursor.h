#pragma once

// Cursors of lists: opaque to clients, and of one list only.

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace c4a {

struct PageRequest {
  std::size_t limit = 50;  // 1 to 200
  std::optional<std::string> cursor;
};

// `list` names the list with whatever it depends on ("members of <id>"), so that another list's cursor is recognised.
std::string make_cursor(std::string_view list, std::initializer_list<std::string_view> parts);
// The parts again. Fails with: kInvalidCursor.
Result<std::vector<std::string>> read_cursor(std::string_view list, std::string_view cursor, std::size_t parts);
// A part that must be a number. Fails with: kInvalidCursor.
Result<std::uint64_t> cursor_number(std::string_view part);

std::unexpected<Error> bad_cursor();

}  // namespace c4a
