#pragma once

// BulkMessageStore: a MessageStore that can be read as a whole, for moving an installation and for comparing two.
// What a conversation or a user leads to is read by MessageStore's own calls; these find what nothing leads to.

#include <functional>

#include "message_store/message_store.h"

namespace c4a {

class BulkMessageStore : public MessageStore {
 public:
  // Every conversation that has a head, deleted ones too, in an order of the store's own, until `visit` fails.
  // All of these fail as MessageStore's reads do, and with what `visit` fails with.
  virtual Result<> all_conversations(const std::function<Result<>(const ConversationId&)>& visit) = 0;
  virtual Result<> all_private_pairs(const std::function<Result<>(const PrivatePairRow&)>& visit) = 0;

  // Every move and every reaction of the conversation whose head has `last_seq`.
  virtual Result<> all_moves(const ConversationId& id, Seq last_seq,
                             const std::function<Result<>(HorizonMove&&)>& visit) = 0;
  virtual Result<> all_reactions(const ConversationId& id, Seq last_seq,
                                 const std::function<Result<>(ReactionRow&&)>& visit) = 0;
};

}  // namespace c4a
