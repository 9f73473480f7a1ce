#pragma once

// Finding messages by their words, in the user's own conversations. Nothing is indexed when messages are written: a
// request reads backwards through the conversations, newest first, in bounded steps.

#include <string>
#include <string_view>
#include <vector>

#include "message_store/message_store.h"
#include "operations/cursor.h"

namespace c4a {

// Lower case, without accents, split at everything that is neither letter nor digit.
std::vector<std::string> fold_words(std::string_view utf8);
// Whether every one of `wanted` begins some word of `text`.
bool matches(const std::vector<std::string>& wanted, std::string_view text);

class Search {
 public:
  explicit Search(MessageStore& store) : store_(store) {}

  // JSON of a list; a page may be empty while its next_cursor goes on.
  // Fails with: kValidationFailed, kInvalidCursor.
  Result<std::string> find(const UserId& actor, std::string_view query, const PageRequest& page);

 private:
  MessageStore& store_;
};

}  // namespace c4a
