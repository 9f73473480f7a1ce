#pragma once

// Reading what was said: history both ways, changes, one message with its statuses. Blocks: for worker threads.

#include <optional>
#include <string>

#include "message_store/message_store.h"
#include "operations/cursor.h"
#include "operations/message_view.h"

namespace c4a {

struct HistoryRequest {
  std::optional<Seq> after;   // the page above
  std::optional<Seq> before;  // the page nearest below
  PageRequest page;
};

class History {
 public:
  explicit History(MessageStore& store) : store_(store) {}

  // JSON of a list, ascending by seq. Fails with: kConversationNotFound, kInvalidCursor, kValidationFailed.
  Result<std::string> messages(const UserId& actor, const ConversationId& id, const HistoryRequest& request);
  // JSON of a list of frames, ascending by version.
  Result<std::string> changes(const UserId& actor, const ConversationId& id, Version after, const PageRequest& page);

  // JSON of one message, its status history, its timeline. Fails with: kMessageNotFound, kValidationFailed.
  Result<std::string> message(const UserId& actor, const MessageId& id, const std::optional<ConversationId>& in);
  Result<std::string> status_history(const UserId& actor, const MessageId& id, const std::optional<ConversationId>& in);
  Result<std::string> timeline(const UserId& actor, const MessageId& id, const std::optional<ConversationId>& in);

 private:
  MessageStore& store_;
};

}  // namespace c4a
