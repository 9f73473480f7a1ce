#pragma once

// The router's core: what a command does to its conversation. Pure and deterministic: no I/O, no clock, no randomness;
// the same commands in the same order give the same seqs, versions and rows, which is what makes replaying harmless.
//
// The loop around it (router.h) does for every command:  needed = facts_needed(state, command)  → read them from the
// store → decide(…). One thread owns a conversation, so nothing here locks.
//
// Where to look: a repeated send is recognised in decide_send.cpp; a status is kept from going back in
// decide_receipts.cpp; members and roles are in decide_members.cpp; edits, deletes and reactions in decide_edits.cpp.

#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "domain/command.h"
#include "domain/effects.h"

namespace c4a {

struct RouterRules {
  std::size_t receipt_members =
      100;  // limits.receipt_members: above it live receipts go out once all have reached them
};

// What one command may need from the store besides the conversation's state.
struct FactsNeeded {
  // The whole row of this message; the store must hold every earlier effect on the conversation when it is read.
  std::optional<MessageId> target;
  std::optional<ReactToMessage> reaction;  // with `target`: whether the actor has put it there already
  // Look-ups that need no such care: what is not yet stored is in `state.recent`.
  std::optional<MessageId> repeat;    // may have been sent before
  std::optional<MessageId> reply_to;  // must be there
  struct Range {
    Seq after;
    Seq until;
  };
  std::optional<Range> covered;  // messages that an acknowledgement covers

  bool reads() const { return target || repeat || reply_to || covered; }
};

struct Facts {
  std::optional<Message> target;
  bool reaction_present = false;
  std::optional<MessageHeader> repeat;
  bool reply_to_present = false;
  std::vector<MessageHeader> covered;  // oldest first; gaps where the range was too long to read
};

// How many headers of a covered range are read; the newest, and every message that asked for a receipt besides.
inline constexpr std::size_t kCoveredHeaders = 256;
// How many headers a conversation keeps between batches.
inline constexpr std::size_t kRecentHeaders = 32;

struct DecisionContext {
  TimestampMs now = 0;   // when the router took the command
  LogPosition position;  // of the command
  RouterRules rules;
};

// `state` is null where there is no such conversation.
FactsNeeded facts_needed(const ConversationState* state, const Command& command, const RouterRules& rules);

// Applies the command to `state` (made by CreateConversation) and appends its effects. An error leaves both as they
// were. The command's texts are moved from.
Result<Decision> decide(std::unique_ptr<ConversationState>& state, Command& command, const Facts& facts,
                        const DecisionContext& context, Effects& effects);

// Progress changes often; its rows are taken once, at the end of a batch.
void take_progress_rows(ConversationState& state, Rows& rows);

}  // namespace c4a
