#pragma once

// Mistakes on purpose, to prove that the tests see them. Compiled in only with the CMake option C4A_PLANTED_BUGS (debug
// builds); elsewhere `planted` is false at compile time and the branch is gone.

#include <cstdint>
#ifdef C4A_PLANTED_BUGS
#include <cstdlib>
#include <string_view>
#endif

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
  kOffsetCommittedFirst,        // shared log: a position is passed before its effects are durable
  kStateKeptAfterFailedCommit,  // what was not stored is built upon
  kEditReadsOldRow,             // a message is read while the batch holds newer effects on it
  kReplayDecidedAgain,          // shared log: commands are applied again
  kFormerOwnerTrusted,          // shared log: what another owner stored later is taken for the past
  kNextGenerationTooSoon,       // shared log: other partitions begin before the old ones are decided
  // Receipts
  kHorizonGoesDown,        // a late acknowledgement takes a status back
  kReadWithoutDelivered,   // reading does not count as delivered
  kAcknowledgedBeyondEnd,  // nothing is clamped
  kReceiptsMerged,         // of the receipts asked for only the newest is kept
  kLateStatusTold,         // shared log: what a former owner tells late is told
  // Members
  kFormerMemberInAudience,  // who left hears on
  kHistoryNoneIgnored,      // who joins without history sees it
  kLastOwnerLeaves,         // a group is left without an owner
  // Sessions
  kGapSentLive,          // a live event is sent though earlier ones are missing
  kRepeatSentLive,       // what was sent already is sent again
  kLateTakenForExpired,  // shared log: what a head told of and is not there yet is passed over
  // Behind real servers, which the simulation has not: `make planted-live`
  kAcksOne,              // Kafka acknowledges with one copy
  kWallClockTimestamps,  // rows in Cassandra are stamped with the time instead of the position
  kRevocationsNotRead,   // a cache that is never told of changes made elsewhere
  kLimitLost,            // a read ignores how much was asked for
  kEnd,
};

#ifdef C4A_PLANTED_BUGS
inline PlantedBug planted_bug_of_environment() {
  const char* name = std::getenv("C4A_PLANTED_BUG");
  const std::string_view wanted = name == nullptr ? "" : name;
  if (wanted == "acks-one") return PlantedBug::kAcksOne;
  if (wanted == "wall-clock-timestamps") return PlantedBug::kWallClockTimestamps;
  if (wanted == "revocations-not-read") return PlantedBug::kRevocationsNotRead;
  if (wanted == "limit-lost") return PlantedBug::kLimitLost;
  if (!wanted.empty()) std::abort();
  return PlantedBug::kNone;
}

inline PlantedBug active_planted_bug = planted_bug_of_environment();  // or set by one test at a time
inline bool planted(PlantedBug bug) { return active_planted_bug == bug; }
#else
constexpr bool planted(PlantedBug) { return false; }
#endif

}  // namespace c4a
