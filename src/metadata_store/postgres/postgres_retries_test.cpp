#include "metadata_store/postgres/postgres_retries.h"

#include <gtest/gtest.h>

namespace c4a {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

TEST(PostgresBackoffTest, ItGrowsToTheLongestPauseAndTakesAnythingBelow) {
  const microseconds first(1000);
  const microseconds longest(64'000);
  for (int attempt = 0; attempt < 100; ++attempt) {
    const auto limit = std::min(attempt < 10 ? first * (1 << attempt) : longest, longest);
    EXPECT_EQ(postgres_backoff(attempt, first, longest, 0).count(), 0);
    EXPECT_EQ(postgres_backoff(attempt, first, longest, static_cast<std::uint64_t>(limit.count())), limit);
    EXPECT_LE(postgres_backoff(attempt, first, longest, UINT64_MAX), limit);
  }
}

TEST(PostgresRetriesTest, ConflictsAreRetriedABoundedNumberOfTimesAfterAPause) {
  PostgresRetries retries;
  for (int i = 0; i < PostgresRetries::kMaxConflicts; ++i) {
    EXPECT_TRUE(retries.again(PostgresTrouble::kConflict, false));
    EXPECT_GT(retries.pause(1).count(), 0);
  }
  EXPECT_FALSE(retries.again(PostgresTrouble::kConflict, false));
}

TEST(PostgresRetriesTest, ALostConnectionIsRetriedOnlyWhereNothingCanBeStored) {
  PostgresRetries retries;
  EXPECT_FALSE(retries.again(PostgresTrouble::kLost, false));
  for (int i = 0; i < PostgresRetries::kMaxReconnects; ++i) EXPECT_TRUE(retries.again(PostgresTrouble::kLost, true));
  EXPECT_FALSE(retries.again(PostgresTrouble::kLost, true));
}

TEST(PostgresRetriesTest, AnUnknownOutcomeAndAPlainFailureAreNotRetried) {
  PostgresRetries retries;
  EXPECT_FALSE(retries.again(PostgresTrouble::kUnknown, true));
  EXPECT_FALSE(retries.again(PostgresTrouble::kFailed, true));
  EXPECT_FALSE(retries.again(PostgresTrouble::kNone, true));
}

TEST(PostgresConnectGateTest, AfterAFailureOneProbesWhenThePauseIsOverAndTheRestWaits) {
  PostgresConnectGate gate;
  PostgresDeadline now{};
  EXPECT_TRUE(gate.try_enter(now));
  EXPECT_TRUE(gate.try_enter(now));
  gate.failed(now, UINT64_MAX);
  EXPECT_TRUE(gate.failing());
  EXPECT_FALSE(gate.try_enter(now + PostgresConnectGate::kFirstPause / 2 - milliseconds(1)));
  now += PostgresConnectGate::kFirstPause;
  EXPECT_TRUE(gate.try_enter(now));
  EXPECT_FALSE(gate.try_enter(now));
  gate.succeeded();
  EXPECT_TRUE(gate.try_enter(now));
  EXPECT_TRUE(gate.try_enter(now));
}

TEST(PostgresConnectGateTest, ManyThatFailAtOnceAreOneFailure) {
  PostgresConnectGate gate;
  const PostgresDeadline now{};
  for (int i = 0; i < 16; ++i) EXPECT_TRUE(gate.try_enter(now));
  for (int i = 0; i < 16; ++i) gate.failed(now, UINT64_MAX);
  EXPECT_TRUE(gate.try_enter(now + PostgresConnectGate::kFirstPause));
}

TEST(PostgresConnectGateTest, ThePauseNeverExceedsItsLimit) {
  PostgresConnectGate gate;
  PostgresDeadline now{};
  for (std::uint64_t i = 0; i < 50; ++i) {
    ASSERT_TRUE(gate.try_enter(now));
    gate.failed(now, i * 0x9E3779B97F4A7C15ULL);
    now += PostgresConnectGate::kLongestPause;
  }
}

}  // namespace
}  // namespace c4a
