#include "bench/soak_rules.h"

#include <gtest/gtest.h>

namespace c4a::bench {
namespace {

class SoakRulesTest : public testing::Test {
 protected:
  // Nothing wrong but these; they are forgotten then.
  void expect_wrong(std::initializer_list<Wrong> kinds) {
    Findings expected;
    for (const auto kind : kinds) expected.add(kind, "");
    for (std::size_t kind = 0; kind < kWrongs; ++kind) {
      const auto wrong = static_cast<Wrong>(kind);
      EXPECT_EQ(found_.count(wrong), expected.count(wrong)) << name_of(wrong) << ": " << sentences();
    }
    found_ = {};
  }
  void expect_fine() { expect_wrong({}); }

  std::string sentences() const {
    std::string all;
    for (const auto& sentence : found_.all().first()) all += sentence + "; ";
    return all;
  }

  Findings found_;
  Places places_{"c", found_};
  SenderRules sender_{places_, found_};
  StatusRules statuses_{places_.name(), found_};
  RecipientRules recipient_{places_, found_};
  HistoryRules history_{places_, found_};
};

TEST_F(SoakRulesTest, AllSourcesAgreeOnThePlaceOfAMessage) {
  places_.put(1, 1);
  places_.put(2, 2);
  places_.put(1, 1);
  expect_fine();
  places_.put(1, 3);
  expect_wrong({Wrong::kTwice});
  places_.put(4, 2);
  expect_wrong({Wrong::kLost});
  EXPECT_EQ(places_.highest(), 3U);
}

TEST_F(SoakRulesTest, AMessageIsAcceptedAsNewOnce) {
  sender_.session_began(1);
  sender_.answered({.number = 1, .seq = 1, .first_here = true});
  sender_.answered({.number = 1, .seq = 1, .duplicate = true, .tries = 2});
  expect_fine();
  EXPECT_EQ(sender_.answered_count(), 1U);
  sender_.answered({.number = 1, .seq = 2, .tries = 3});
  expect_wrong({Wrong::kTwice, Wrong::kTwice});  // twice new, and at two places
}

TEST_F(SoakRulesTest, WhatWasNeverSentBeforeIsNoDuplicate) {
  sender_.answered({.number = 1, .seq = 1, .duplicate = true});
  expect_wrong({Wrong::kTwice});
}

TEST_F(SoakRulesTest, AnAnswerWithoutASeqHasNoPlaceYet) {
  sender_.session_began(1);
  sender_.answered({.number = 1, .first_here = true});
  EXPECT_TRUE(sender_.was_answered(1));
  EXPECT_EQ(places_.seq_of(1), 0U);
  places_.put(1, 5);
  sender_.answered({.number = 1, .seq = 5, .duplicate = true, .tries = 2});
  expect_fine();
}

TEST_F(SoakRulesTest, OneSocketsSendsTakeTheirSeqsInTheOrderSent) {
  sender_.session_began(1);
  sender_.answered({.number = 2, .seq = 2, .first_here = true});
  sender_.answered({.number = 1, .seq = 1, .first_here = true});
  sender_.session_ended(3);
  expect_fine();
  sender_.session_began(3);
  sender_.answered({.number = 3, .seq = 4, .first_here = true});
  sender_.answered({.number = 4, .seq = 3, .first_here = true});
  sender_.session_ended(5);
  expect_wrong({Wrong::kOrder});
}

TEST_F(SoakRulesTest, WhatWasRefusedOrTriedBeforeMayComeLater) {
  sender_.session_began(1);
  sender_.answered({.number = 2, .seq = 1, .first_here = true});
  sender_.answered({.number = 1, .seq = 2, .tries = 2, .first_here = true, .refused = true});
  sender_.session_ended(4);
  sender_.session_began(4);
  sender_.answered({.number = 4, .seq = 3, .first_here = true});
  sender_.answered({.number = 3, .seq = 4, .tries = 2});
  sender_.session_ended(5);
  expect_fine();
}

TEST_F(SoakRulesTest, ASenderGetsAnOwnMessageOnceInASession) {
  sender_.session_began(1);
  sender_.got(1, 1);
  sender_.got(2, 2);
  EXPECT_EQ(sender_.has_up_to(), 2U);
  sender_.session_began(3);
  sender_.got(1, 1);
  expect_fine();
  sender_.got(1, 1);
  expect_wrong({Wrong::kTwice});
  sender_.got(3, 3);
  sender_.got(2, 2);
  expect_wrong({Wrong::kOrder});
  sender_.answered({.number = 3, .seq = 3, .first_here = true});
  expect_wrong({Wrong::kTwice});
}

TEST_F(SoakRulesTest, ARecipientGetsEachMessageOnceAndInOrder) {
  recipient_.session_asked_for(0);
  recipient_.got(1, 1);
  recipient_.got(2, 2);
  expect_fine();
  recipient_.got(2, 2);
  expect_wrong({Wrong::kTwice});
  recipient_.got(1, 1);
  expect_wrong({Wrong::kOrder});
  recipient_.got(4, 4);
  expect_wrong({Wrong::kLost});
  EXPECT_EQ(recipient_.has_up_to(), 4U);
}

TEST_F(SoakRulesTest, PendingIsWhatWasNotAcknowledged) {
  recipient_.session_asked_for(0);
  for (std::uint64_t seq = 1; seq <= 4; ++seq) recipient_.got(seq, seq);
  recipient_.says(3);
  recipient_.session_asked_for(2);
  recipient_.got(3, 3);  // said, and not confirmed
  recipient_.got(4, 4);
  expect_fine();
  recipient_.session_asked_for(2);
  recipient_.got(2, 2);
  expect_wrong({Wrong::kTwice});
  recipient_.session_asked_for(2);
  recipient_.got(5, 5);
  expect_wrong({Wrong::kLost});
}

TEST_F(SoakRulesTest, AFirstSessionBeginsWithTheFirstMessage) {
  recipient_.session_asked_for(0);
  recipient_.got(2, 2);
  expect_wrong({Wrong::kLost});
}

TEST_F(SoakRulesTest, AStatusIsToldOnceInASessionAndHasGround) {
  statuses_.session_began();
  statuses_.told("DELIVERED", 3, 3);
  statuses_.told("DELIVERED", 2, 3);  // late, and nothing new
  statuses_.told("READ", 3, 3);
  EXPECT_EQ(statuses_.confirmed(), 3U);
  statuses_.session_began();
  statuses_.told("READ", 3, 3);
  expect_fine();
  statuses_.told("READ", 3, 3);
  expect_wrong({Wrong::kStatusBack});
  statuses_.told("DELIVERED", 3, 3);
  expect_wrong({Wrong::kStatusBack});
  statuses_.told("DELIVERED", 5, 4);
  expect_wrong({Wrong::kStatusBack});
  statuses_.told("SEEN", 1, 4);
  expect_wrong({Wrong::kUnexpected});
}

TEST_F(SoakRulesTest, ReceiptsAreNeverLessThanWhatWasTold) {
  statuses_.told("DELIVERED", 3, 3);
  statuses_.told("READ", 2, 3);
  statuses_.read(3, 2);
  expect_fine();
  statuses_.read(2, 2);
  statuses_.read(3, 1);
  expect_wrong({Wrong::kStatusBack, Wrong::kStatusBack});
}

TEST_F(SoakRulesTest, TheHistoryHasEveryAcknowledgedMessageOnceAndNoHole) {
  sender_.session_began(1);
  for (std::uint64_t number = 1; number <= 3; ++number) {
    sender_.answered({.number = number, .seq = number, .first_here = true});
    history_.item(number, number);
  }
  history_.item(4, 4);  // sent, and its answer never came
  history_.ended(sender_, 4);
  expect_fine();
}

TEST_F(SoakRulesTest, AMessageThatTheHistoryLacksIsLost) {
  sender_.answered({.number = 1, .seq = 1});
  sender_.answered({.number = 2, .seq = 2});
  history_.item(1, 1);
  history_.ended(sender_, 2);
  expect_wrong({Wrong::kLost, Wrong::kLost});  // its seq was told, and it was accepted
}

TEST_F(SoakRulesTest, AHistoryWithAHoleOrARepeatIsFound) {
  history_.item(1, 1);
  history_.item(2, 3);
  expect_wrong({Wrong::kOrder});
  history_.item(2, 4);
  expect_wrong({Wrong::kTwice, Wrong::kTwice});  // at two places, and twice in the list
}

TEST_F(SoakRulesTest, AHistoryThatGivesAPlaceToAnotherMessageIsFound) {
  sender_.answered({.number = 1, .seq = 1});
  sender_.answered({.number = 2, .seq = 2});
  history_.item(2, 1);
  expect_wrong({Wrong::kTwice, Wrong::kLost});
}

}  // namespace
}  // namespace c4a::bench
