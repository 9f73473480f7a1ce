#pragma once

// Everything of a conversation, or of a user apart from conversations, in pieces that one commit takes.

#include <functional>

#include "message_store/bulk_message_store.h"

namespace c4a {

using VisitRows = std::function<Result<>(const Rows&)>;

// The conversation's own row comes in the last piece, alone: whoever stores the pieces in their order has all of it
// once that is there. What is older than `keep_from` is left out, as it is about to expire.
Result<> read_conversation(BulkMessageStore& store, const ConversationId& id, TimestampMs keep_from,
                           const VisitRows& visit);

// The receipts that wait for a user.
Result<> read_receipts(MessageStore& store, const UserId& user, TimestampMs keep_from, const VisitRows& visit);

}  // namespace c4a
