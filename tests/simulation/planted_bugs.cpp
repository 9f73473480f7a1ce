#include "planted_bugs.h"

#include <fmt/format.h>

#include <cstdio>

#include "base/planted_bug.h"
#include "world.h"

namespace c4a::simulation {

#ifdef C4A_PLANTED_BUGS

namespace {

constexpr std::uint64_t kMostSeeds = 400;
constexpr std::size_t kSteps = 1400;

struct Planted {
  PlantedBug bug;
  const char* name;
};

constexpr Planted kBugs[] = {
    {PlantedBug::kDedupeForgetsRecent, "dedupe forgets recent ids"},
    {PlantedBug::kDedupeIgnoresContent, "dedupe ignores content"},
    {PlantedBug::kRecentTrimmedBeforeCommit, "recent ids trimmed before the commit"},
    {PlantedBug::kExceptIgnored, "the sending session gets its own message"},
    {PlantedBug::kCursorMovesWithoutAck, "cursor moves without an ack"},
    {PlantedBug::kAnswerBeforeCommit, "answer before the commit"},
    {PlantedBug::kOffsetCommittedFirst, "position passed before the commit"},
    {PlantedBug::kStateKeptAfterFailedCommit, "state kept after a failed commit"},
    {PlantedBug::kEditReadsOldRow, "edit reads an old row"},
    {PlantedBug::kReplayDecidedAgain, "replayed commands decided again"},
    {PlantedBug::kFormerOwnerTrusted, "former owner takes the future for the past"},
    {PlantedBug::kNextGenerationTooSoon, "the next generation begins too soon"},
    {PlantedBug::kHorizonGoesDown, "horizon goes down"},
    {PlantedBug::kReadWithoutDelivered, "read without delivered"},
    {PlantedBug::kAcknowledgedBeyondEnd, "acknowledged beyond the end"},
    {PlantedBug::kReceiptsMerged, "asked receipts merged"},
    {PlantedBug::kLateStatusTold, "a former owner's late status told"},
    {PlantedBug::kFormerMemberInAudience, "former member in the audience"},
    {PlantedBug::kHistoryNoneIgnored, "history none ignored"},
    {PlantedBug::kLastOwnerLeaves, "the last owner leaves"},
    {PlantedBug::kGapSentLive, "live event sent across a gap"},
    {PlantedBug::kRepeatSentLive, "live event sent again"},
    {PlantedBug::kLateTakenForExpired, "what is still to come taken for expired"},
};
static_assert(std::size(kBugs) == static_cast<std::size_t>(PlantedBug::kAcksOne) - 1, "every planted bug is hunted");

bool hunt(const Planted& planted) {
  active_planted_bug = planted.bug;
  Outcome outcome;
  std::uint64_t seed = 0;
  Mode mode = Mode::kEmbedded;
  while (!outcome.violation && ++seed <= kMostSeeds) {
    mode = seed % 2 == 0 ? Mode::kDistributed : Mode::kEmbedded;
    outcome = World({seed, kSteps, mode, false}).run();
  }
  active_planted_bug = PlantedBug::kNone;
  fmt::print("{:<44} | {:>4} {:<11} | {}\n", planted.name, seed, mode_name(mode),
             outcome.violation.value_or("NOT CAUGHT"));
  std::fflush(stdout);
  return outcome.violation.has_value();
}

}  // namespace

int hunt_planted_bugs() {
  fmt::print("{:<44} | {:<16} | {}\n", "planted bug", "caught by seed", "what the checker said");
  bool all = true;
  for (const auto& planted : kBugs) all = hunt(planted) && all;
  return all ? 0 : 1;
}

#else

int hunt_planted_bugs() {
  fmt::print("this build has no planted bugs; use one with C4A_PLANTED_BUGS\n");
  return 0;
}

#endif

}  // namespace c4a::simulation
