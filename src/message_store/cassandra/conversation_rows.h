#pragma once

// The rows of one commit, conversation by conversation, and what of each goes where.

#include <cstdint>
#include <vector>

#include "domain/effects.h"
#include "message_store/cassandra/layout.h"

namespace c4a::cassandra {

// Rows of one conversation that are written together; they point into what they were made from.
struct RowSelection {
  std::vector<const Message*> messages;  // by seq
  std::vector<const MemberRow*> members;
  std::vector<const ProgressRow*> progress;
  std::vector<const HorizonMove*> moves;
  std::vector<const Change*> changes;
  std::vector<const ReactionRow*> reactions;
  std::vector<const ReceiptEvent*> receipts;
  std::vector<const PrivatePairRow*> pairs;

  bool empty() const {
    return messages.empty() && members.empty() && progress.empty() && moves.empty() && changes.empty() &&
           reactions.empty() && receipts.empty() && pairs.empty();
  }
};

struct ConversationRows {
  ConversationId id;
  const Conversation* head = nullptr;
  bool erased = false;
  RowSelection rows;
  std::int64_t timestamp = 0;  // of every row
  Seq last_seq;                // the greatest of its messages
};

// One for each conversation. Of several rows with one key the last stays: they would have one timestamp, and Cassandra
// would choose by their bytes. Rows of an erased conversation go with it, all but its head, receipts and pairs.
std::vector<ConversationRows> by_conversation(const Rows& rows, LogPosition position);

// Of the rows that lie in the conversation's own partitions: `atomic` goes with the head, in its mutation; `outside` is
// of later buckets. When the head's partition gets more than one mutation may hold, its last rows are outside too.
struct Split {
  RowSelection atomic;
  RowSelection outside;
};
Split split(const ConversationRows& conversation, const Layout& layout);

}  // namespace c4a::cassandra
