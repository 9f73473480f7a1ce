#pragma once

// Mistakes on purpose, to prove that the tests see them. Compiled in only with the CMake option C4A_PLANTED_BUGS (debug
// builds); elsewhere `planted` is false at compile time and the branch is gone.

#include <cstdint>

namespace c4a {

enum class PlantedBug : std::uint8_t {
  kNone,
  // Sending
  kDedupeForgetsRecent,        // ids in memory are not compared
  kDedupeIgnoresContent,       // other content under the same id is a repeat
  kRecentTrimmedBeforeCommit,  // ids are forgotten while the store does not know them yet
  kExceptIgnored,              // the session that sent a message gets it besides its answer
  kCursorMovesWithoutAck,      // a sender's cursor passes what others wrote
  // The loop
  kAnswerBeforeCommit,          // answers go out before the effects are durable
  kStateKeptAfterFailedCommit,  // what was not stored is built upon
  kEditReadsOldRow,             // a message is read while the batch holds newer effects on it
  kReplayDecidedAgain,          // shared log: commands are applied again
  kFormerOwnerTrusted,          // shared log: what another owner stored later is taken for the past
  // Receipts
  kHorizonGoesDown,        // a late acknowledgement takes a status back
  kReadWithoutDelivered,   // reading does not count as delivered
  kAcknowledgedBeyondEnd,  // nothing is clamped
  kReceiptsMerged,         // of the receipts asked for only the newest is kept
  // Members
  kFormerMemberInAudience,  // who left hears on
  kHistoryNoneIgnored,      // who joins without history sees it
  kLastOwnerLeaves,         // a group is left without an owner
  // Sessions
  kGapSentLive,     // a live event is sent though earlier ones are missing
  kRepeatSentLive,  // what was sent already is sent again
  kEnd,
};

#ifdef C4A_PLANTED_BUGS
inline PlantedBug active_planted_bug = PlantedBug::kNone;  // set by one test at a time
inline bool planted(PlantedBug bug) { return active_planted_bug == bug; }
#else
constexpr bool planted(PlantedBug) { return false; }
#endif

}  // namespace c4a
