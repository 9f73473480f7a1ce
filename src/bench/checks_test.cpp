#include "bench/checks.h"

#include <gtest/gtest.h>

namespace c4a::bench {
namespace {

using Seen = FlightWindow::Seen;

TEST(FlightWindowTest, AMessageIsSettledOnceAcknowledgedAndDelivered) {
  FlightWindow window(true);
  EXPECT_EQ(window.push(100), 1U);
  EXPECT_EQ(window.acknowledged(1, 7).what, Seen::kOnce);
  EXPECT_EQ(window.in_flight(), 1U);
  const auto sighting = window.delivered(1, 7);
  EXPECT_EQ(sighting.what, Seen::kOnce);
  EXPECT_EQ(sighting.due_us, 100);
  EXPECT_EQ(window.in_flight(), 0U);
}

TEST(FlightWindowTest, WithoutRecipientsTheAcknowledgementSettles) {
  FlightWindow window(false);
  window.push(1);
  window.acknowledged(1, 1);
  EXPECT_EQ(window.in_flight(), 0U);
  EXPECT_EQ(window.missing_deliveries(), 0U);
}

TEST(FlightWindowTest, ARepeatIsNoticedBeforeAndAfterSettling) {
  FlightWindow window(true);
  window.push(1);
  window.acknowledged(1, 1);
  EXPECT_EQ(window.acknowledged(1, 1).what, Seen::kAgain);
  window.delivered(1, 1);
  EXPECT_EQ(window.delivered(1, 1).what, Seen::kAgain);
  EXPECT_EQ(window.acknowledged(1, 1).what, Seen::kAgain);
}

TEST(FlightWindowTest, WhatWasNeverSentIsUnknown) {
  FlightWindow window(true);
  EXPECT_EQ(window.acknowledged(1, 1).what, Seen::kUnknown);
  window.push(1);
  EXPECT_EQ(window.delivered(0, 1).what, Seen::kUnknown);
  EXPECT_EQ(window.delivered(2, 1).what, Seen::kUnknown);
}

TEST(FlightWindowTest, SenderAndRecipientMustBeToldTheSameSeq) {
  FlightWindow window(true);
  window.push(1);
  window.delivered(1, 3);
  EXPECT_EQ(window.acknowledged(1, 4).what, Seen::kOtherSeq);
}

TEST(FlightWindowTest, AnAnswerWithoutASeqIsOneToo) {
  FlightWindow window(true);
  window.push(1);
  window.push(2);
  EXPECT_EQ(window.acknowledged(1, 0).what, Seen::kOnce);
  EXPECT_EQ(window.delivered(1, 3).what, Seen::kOnce);
  EXPECT_EQ(window.delivered(2, 4).what, Seen::kOnce);
  EXPECT_EQ(window.acknowledged(2, 0).what, Seen::kOnce);
  EXPECT_EQ(window.in_flight(), 0U);
}

TEST(FlightWindowTest, ManyUnderWayAreKeptApart) {
  FlightWindow window(true);
  for (std::uint64_t i = 1; i <= 1000; ++i) EXPECT_EQ(window.push(static_cast<std::int64_t>(i)), i);
  for (std::uint64_t i = 1000; i > 1; --i) {
    EXPECT_EQ(window.acknowledged(i, i).due_us, static_cast<std::int64_t>(i));
  }
  EXPECT_EQ(window.in_flight(), 1000U);
  EXPECT_EQ(window.missing_acks(), 1U);
  EXPECT_EQ(window.missing_deliveries(), 1000U);
}

TEST(DeliveryOrderTest, HolesAndRepeatsAreTold) {
  DeliveryOrder order;
  EXPECT_EQ(order.see(1), DeliveryOrder::Verdict::kNext);
  EXPECT_EQ(order.see(1), DeliveryOrder::Verdict::kRepeated);
  EXPECT_EQ(order.see(3), DeliveryOrder::Verdict::kHole);
  EXPECT_EQ(order.see(2), DeliveryOrder::Verdict::kRepeated);
  EXPECT_EQ(order.see(4), DeliveryOrder::Verdict::kNext);
}

TEST(SeqSetTest, WhatIsAbsentIsCounted) {
  SeqSet set;
  EXPECT_TRUE(set.add(1));
  EXPECT_TRUE(set.add(500));
  EXPECT_FALSE(set.add(500));
  EXPECT_EQ(set.missing_up_to(2), 1U);
  EXPECT_EQ(set.missing_up_to(500), 498U);
  EXPECT_EQ(set.missing_up_to(600), 598U);
}

TEST(StatusHorizonTest, AStatusOnlyMovesOn) {
  StatusHorizon horizon;
  EXPECT_EQ(horizon.report("DELIVERED", 3, 5), StatusHorizon::Verdict::kForward);
  EXPECT_EQ(horizon.report("DELIVERED", 3, 5), StatusHorizon::Verdict::kBack);
  EXPECT_EQ(horizon.report("DELIVERED", 2, 5), StatusHorizon::Verdict::kBack);
  EXPECT_EQ(horizon.report("DELIVERED", 6, 5), StatusHorizon::Verdict::kUnfounded);
  EXPECT_EQ(horizon.report("SENT", 4, 5), StatusHorizon::Verdict::kUnknownStatus);
}

TEST(StatusHorizonTest, ReadCountsAsDelivered) {
  StatusHorizon horizon;
  EXPECT_EQ(horizon.report("READ", 4, 5), StatusHorizon::Verdict::kForward);
  EXPECT_EQ(horizon.delivered_up_to(), 4U);
  EXPECT_EQ(horizon.report("DELIVERED", 4, 5), StatusHorizon::Verdict::kBack);
}

TEST(ViolationsTest, AllAreCountedAndTheFirstAreKept) {
  Violations violations;
  for (int i = 0; i < 100; ++i) violations.add("wrong");
  EXPECT_EQ(violations.count(), 100U);
  EXPECT_EQ(violations.first().size(), 20U);
  Violations sum;
  sum.merge(violations);
  sum.merge(violations);
  EXPECT_EQ(sum.count(), 200U);
  EXPECT_EQ(sum.first().size(), 20U);
}

}  // namespace
}  // namespace c4a::bench
