#include "message_log/decision_pace.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

namespace c4a {
namespace {

constexpr std::int64_t kInTimeMs = 500;

// A log with routers that decide so many commands each ms, in order, in commits of 50 ms.
class DecisionPaceTest : public testing::Test {
 protected:
  struct Seen {
    int offered = 0;
    int refused = 0;
    int decided = 0;
    std::int64_t worst_lag_ms = 0;
  };

  Seen run(std::int64_t for_ms, int offered_per_ms, int decided_per_ms) {
    Seen seen;
    for (const auto until = now_ + for_ms; now_ < until; ++now_) {
      for (int i = 0; i < offered_per_ms; ++i) {
        ++seen.offered;
        if (!pace_.admits(now_)) {
          ++seen.refused;
          continue;
        }
        pace_.appended(++last_, now_);
        waiting_.push_back(now_);
      }
      if (now_ % 50 != 0) continue;
      for (int i = 0; i < decided_per_ms * 50 && !waiting_.empty(); ++i) {
        pace_.decided(last_ - waiting_.size() + 1, now_);
        seen.worst_lag_ms = std::max(seen.worst_lag_ms, now_ - waiting_.front());
        waiting_.pop_front();
        ++seen.decided;
      }
    }
    return seen;
  }

  DecisionPace pace_{kInTimeMs};
  std::int64_t now_ = 1'000'000;
  std::uint64_t last_ = 0;
  std::deque<std::int64_t> waiting_;
};

TEST_F(DecisionPaceTest, WhileDecisionsComeSoonEverythingIsTaken) { EXPECT_EQ(run(20'000, 9, 10).refused, 0); }

TEST_F(DecisionPaceTest, UnderTwiceTheCapacityAsMuchIsTakenAsIsDecidedAndInTime) {
  run(5'000, 20, 10);
  const auto seen = run(30'000, 20, 10);
  EXPECT_GE(seen.decided, 0.98 * 10 * 30'000);
  EXPECT_LE(seen.worst_lag_ms, kInTimeMs);
  EXPECT_NEAR(seen.refused, seen.offered / 2, seen.offered / 20);
}

TEST_F(DecisionPaceTest, TenTimesTheCapacityIsNoWorse) {
  run(10'000, 100, 10);
  const auto seen = run(30'000, 100, 10);
  EXPECT_GE(seen.decided, 0.98 * 10 * 30'000);
  EXPECT_LE(seen.worst_lag_ms, kInTimeMs);
}

TEST_F(DecisionPaceTest, AFewThatAreSlowAreNoOverload) {
  for (int i = 0; i < 200; ++i) {  // somebody who waits for each answer, of a store that is slow
    EXPECT_TRUE(pace_.admits(now_));
    pace_.appended(++last_, now_);
    pace_.decided(last_, now_ += 900);
  }
}

TEST_F(DecisionPaceTest, WhereNoDecisionsComeNothingIsRefused) {
  run(5'000, 1, 10);
  EXPECT_EQ(run(60'000, 1, 0).refused, 0);
}

TEST_F(DecisionPaceTest, WhatPiledUpMeanwhileIsDecidedBeforeMuchMoreIsTaken) {
  run(5'000, 5, 10);
  run(20'000, 5, 0);
  const auto seen = run(30'000, 5, 10);
  EXPECT_GT(seen.refused, 0);
  EXPECT_EQ(run(10'000, 5, 10).refused, 0) << "it is over";
}

TEST_F(DecisionPaceTest, DecisionsThatDoNotComeSayNothingOfThoseThatDo) {
  for (int i = 0; i < 30'000; ++i, ++now_) {
    EXPECT_TRUE(pace_.admits(now_));
    pace_.appended(++last_, now_);
    if (last_ % 3 != 0) pace_.decided(last_, now_ + 20);  // the third partition has no router
  }
}

TEST_F(DecisionPaceTest, AfterAnOverloadLittleIsRefusedOfLittle) {
  run(10'000, 20, 10);
  run(3'000, 0, 10);
  EXPECT_EQ(run(10'000, 1, 10).refused, 0);
}

}  // namespace
}  // namespace c4a
