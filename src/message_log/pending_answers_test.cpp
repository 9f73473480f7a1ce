#include "message_log/pending_answers.h"

#include <gtest/gtest.h>

namespace c4a {
namespace {

class PendingAnswersTest : public testing::Test {
 protected:
  std::uint64_t add(std::int64_t wait_ms = 500, bool hears_late = false) {
    PendingAnswers::Asked asked;
    asked.done = [this](Result<Decision> decision) { answers.push_back(std::move(decision)); };
    if (hears_late) asked.late = [this](Result<Decision> decision) { late.push_back(std::move(decision)); };
    Decision fallback;
    fallback.created_at = 42;
    return pending.add(asked, fallback, wait_ms);
  }

  PendingAnswers pending{3};
  std::vector<Result<Decision>> answers;
  std::vector<Result<Decision>> late;
};

TEST_F(PendingAnswersTest, ADecisionIsTheAnswerAlsoBeforeTheLogHasAnswered) {
  const auto request = add();
  Decision decision;
  decision.seq = Seq{7};
  pending.decided(request, decision);
  pending.logged(request, 1000);
  pending.expire(10'000);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0]->seq, Seq{7});
  EXPECT_TRUE(answers[0]->decided);
}

TEST_F(PendingAnswersTest, WithoutADecisionTheFallbackComesWhenTheLogHadItForTheWholeWait) {
  const auto request = add();
  pending.expire(100'000);
  EXPECT_TRUE(answers.empty()) << "the log does not have it yet";
  pending.logged(request, 100'000);
  pending.expire(100'499);
  EXPECT_TRUE(answers.empty());
  pending.expire(100'500);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_FALSE(answers[0]->decided);
  EXPECT_EQ(answers[0]->created_at, 42);
  pending.decided(request, Decision{});
  EXPECT_EQ(answers.size(), 1u) << "too late";
}

TEST_F(PendingAnswersTest, WhoAskedForItHearsADecisionThatComesAfterTheFallback) {
  const auto request = add(500, true);
  pending.logged(request, 0);
  pending.expire(500);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_FALSE(answers[0]->decided);
  EXPECT_EQ(pending.size(), 0u) << "it is answered";
  Decision decision;
  decision.seq = Seq{7};
  pending.decided(request, decision);
  pending.decided(request, decision);
  ASSERT_EQ(late.size(), 1u);
  EXPECT_EQ(late[0]->seq, Seq{7});
  EXPECT_EQ(answers.size(), 1u);
  EXPECT_EQ(pending.expired(), 1u);
}

TEST_F(PendingAnswersTest, ADecisionThatComesMuchLaterIsNotHeard) {
  const auto request = add(500, true);
  pending.logged(request, 0);
  pending.expire(500);
  pending.expire(500 + MessageLog::kLateMs);
  pending.decided(request, Decision{});
  EXPECT_TRUE(late.empty());
  EXPECT_EQ(answers.size(), 1u);
  EXPECT_EQ(pending.expired(), 1u);
}

TEST_F(PendingAnswersTest, ADecisionInTimeIsHeardOnce) {
  const auto request = add(500, true);
  pending.logged(request, 0);
  pending.decided(request, Decision{});
  pending.expire(10'000);
  EXPECT_EQ(answers.size(), 1u);
  EXPECT_TRUE(late.empty());
}

TEST_F(PendingAnswersTest, EachCommandHasItsOwnPatience) {
  const auto slow = add(10'000);
  const auto fast = add(500);
  pending.logged(slow, 0);
  pending.logged(fast, 0);
  pending.expire(600);
  EXPECT_EQ(answers.size(), 1u);
  pending.expire(10'000);
  EXPECT_EQ(answers.size(), 2u);
}

TEST_F(PendingAnswersTest, AFailureIsTheAnswer) {
  pending.failed(add(), {ErrorCode::kUnavailable, "no", {}, 1});
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].error().code, ErrorCode::kUnavailable);
}

TEST_F(PendingAnswersTest, WhenNoDecisionsArriveWhoeverWaitsIsAnsweredAtOnce) {
  pending.logged(add(), 1000);
  add();
  pending.expire_all_logged();
  EXPECT_EQ(answers.size(), 1u) << "the other one is not in the log";
  EXPECT_EQ(pending.size(), 1u);
}

TEST_F(PendingAnswersTest, WhatTheLogWillNotAnswerForFailsAndTheRestStays) {
  pending.logged(add(), 1000);
  const auto cut = add();
  add();
  pending.fail_unlogged(cut, {ErrorCode::kUnavailable, "no", {}, 1});
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(pending.size(), 2u) << "one is in the log, one is newer";
}

TEST_F(PendingAnswersTest, TooManyAreRefusedAndTheirCompletionStaysTheCallers) {
  for (int i = 0; i < 3; ++i) EXPECT_NE(add(), 0u);
  PendingAnswers::Asked asked;
  asked.done = [this](Result<Decision> decision) { answers.push_back(std::move(decision)); };
  EXPECT_EQ(pending.add(asked, {}, 1), 0u);
  asked.done(Decision{});
  EXPECT_EQ(answers.size(), 1u);
}

TEST_F(PendingAnswersTest, WhatDidNotEnterTheLogIsForgotten) {
  const auto request = add();
  pending.take_back(request);
  EXPECT_EQ(pending.size(), 0u);
  pending.decided(request, Decision{});
  EXPECT_TRUE(answers.empty());
}

}  // namespace
}  // namespace c4a
