#pragma once

// The redo record of a head: every row of its commit. Whoever loads the conversation writes them again, so a crash
// while they were written loses nothing.
//
// Also those of the head's own mutation are in it. A mutation is all or nothing on each replica; but when its writer
// and its coordinator fail, one replica alone may have it. Then one read sees the head, and the next one, answered by
// the other two, would not see the rows.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "message_store/cassandra/conversation_rows.h"

namespace c4a::cassandra {

struct Redo {
  std::int64_t timestamp = 0;
  bool erased = false;  // the first bucket was deleted
  Rows rows;            // with their ids

  RowSelection selection() const;  // points into this
};

// What stands in the head's column: the record itself, or how many bytes of it lie in conversation_redo.
struct RedoPlace {
  bool in_parts = false;
  std::string_view record;     // unless in parts
  std::int64_t timestamp = 0;  // if in parts
  std::size_t bytes = 0;       // likewise
};

std::string encode_redo(const ConversationRows& conversation);
// Nothing when it is damaged or of a newer version.
std::optional<Redo> decode_redo(std::string_view record, const ConversationId& id);

std::string redo_in_place(std::string_view record);
std::string redo_in_parts(std::int64_t timestamp, std::size_t bytes);
std::optional<RedoPlace> redo_place(std::string_view column);

}  // namespace c4a::cassandra
