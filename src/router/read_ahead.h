#pragma once

// Reads for a whole batch at once what its commands would ask of the store one after the other: conversations that are
// not in memory, and messages that sends with an id of their client's may repeat. It decides nothing; what it does not
// know is read in its turn.

#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "message_log/log_partition.h"
#include "message_store/message_store.h"
#include "router/decide.h"
#include "router/state_cache.h"

namespace c4a {

class ReadAhead {
 public:
  // `recent`: how many headers of a conversation are loaded with it.
  ReadAhead(const LogPartition& log, MessageStore& store, StateCache& states, std::size_t recent)
      : log_(log), store_(store), states_(states), recent_(recent) {}

  // Before the first command of the batch is decided, while nothing is open. A read that fails is left to its turn.
  // Answers how many conversations it loaded.
  std::size_t begin(std::span<const LoggedCommand> batch, const RouterRules& rules);
  // Takes off `needed` what is known, and puts it into `facts`.
  void answer(const ConversationState& state, FactsNeeded& needed, Facts& facts) const;

 private:
  struct Known {
    Seq until;  // the conversation's last_seq when it was read: what came later is in `state.recent`
    std::unordered_map<MessageId, std::optional<MessageHeader>> messages;
  };

  std::size_t load_states(std::span<const LoggedCommand> batch);
  void read_messages(std::span<const LoggedCommand> batch, const RouterRules& rules);
  // Forgets conversations in which another owner is further on: what was read may come from later than the batch.
  void drop_overtaken();

  const LogPartition& log_;
  MessageStore& store_;
  StateCache& states_;
  const std::size_t recent_;
  std::unordered_map<ConversationId, Known> known_;
};

}  // namespace c4a
