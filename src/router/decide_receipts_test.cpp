#include <gmock/gmock.h>

#include "router/decide_fixture.h"

namespace c4a {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using DecideReceiptsTest = DecideTest;

TEST_F(DecideReceiptsTest, AHorizonOnlyGrows) {
  create_group("ana", {"bia"});
  for (const auto* name : {"m1", "m2", "m3"}) send(name, "ana");
  ASSERT_TRUE(run("bia", delivered(3)));
  const auto late = run("bia", delivered(1));
  ASSERT_TRUE(late);
  EXPECT_FALSE(late->changed);
  EXPECT_THAT(statuses(), IsEmpty());
  EXPECT_TRUE(effects.rows.moves.empty());
  EXPECT_EQ(progress("bia").delivered, Seq{3});
  ASSERT_TRUE(run("bia", delivered(3)));
  EXPECT_TRUE(effects.rows.empty());
}

TEST_F(DecideReceiptsTest, AnAcknowledgementBeyondTheEndIsClampedToIt) {
  create_group("ana", {"bia"});
  send("m1", "ana");
  ASSERT_TRUE(run("bia", read(99)));
  EXPECT_EQ(progress("bia").read, Seq{1});
  EXPECT_EQ(progress("bia").find({"phone"})->seq, Seq{1});
  send("m2", "ana");
  EXPECT_EQ(progress("bia").delivered, Seq{1});
}

TEST_F(DecideReceiptsTest, ReadingCountsAsDelivered) {
  create_group("ana", {"bia"});
  send("m1", "ana");
  ASSERT_TRUE(run("bia", read(1)));
  EXPECT_EQ(progress("bia").delivered, Seq{1});
  ASSERT_EQ(effects.rows.moves.size(), 2u);
  EXPECT_EQ(effects.rows.moves[0].kind, HorizonMove::Kind::kDelivered);
  EXPECT_EQ(effects.rows.moves[1].kind, HorizonMove::Kind::kRead);
  EXPECT_EQ(effects.rows.moves[0].at, effects.rows.moves[1].at);
  EXPECT_THAT(statuses(), ElementsAre("ana 1 READ bia"));
}

TEST_F(DecideReceiptsTest, EachSenderHearsOfTheNewestOfTheirMessages) {
  create_group("ana", {"bia", "caio"});
  send("m1", "ana");
  send("m2", "caio");
  send("m3", "ana");
  send("m4", "bia");
  ASSERT_TRUE(run("bia", delivered(4)));
  EXPECT_THAT(statuses(), UnorderedElementsAre("ana 3 DELIVERED bia", "caio 2 DELIVERED bia"));
  EXPECT_THAT(receipts(), IsEmpty());
}

TEST_F(DecideReceiptsTest, EveryMessageThatAskedForAReceiptGetsItsOwnAndItIsDurable) {
  create_group("ana", {"bia"});
  ASSERT_TRUE(run("ana", asking(message("m1", "ana"))));
  ASSERT_TRUE(run("ana", asking(message("m2", "ana"))));
  send("m3", "ana");
  ASSERT_TRUE(run("bia", delivered(3)));
  EXPECT_THAT(receipts(), ElementsAre("ana 1 DELIVERED bia", "ana 2 DELIVERED bia"));
  EXPECT_THAT(statuses(), ElementsAre("ana 1 DELIVERED bia", "ana 2 DELIVERED bia", "ana 3 DELIVERED bia"));
  EXPECT_EQ(effects.rows.receipts[0].position, position);
  EXPECT_NE(effects.rows.receipts[0].index, effects.rows.receipts[1].index);
  ASSERT_TRUE(run("bia", read(3)));
  EXPECT_THAT(receipts(), ElementsAre("ana 1 READ bia", "ana 2 READ bia"));
}

TEST_F(DecideReceiptsTest, AReadThatComesFirstGivesBothAskedReceipts) {
  create_group("ana", {"bia"});
  ASSERT_TRUE(run("ana", asking(message("m1", "ana"))));
  ASSERT_TRUE(run("bia", read(1)));
  EXPECT_THAT(receipts(), ElementsAre("ana 1 DELIVERED bia", "ana 1 READ bia"));
}

TEST_F(DecideReceiptsTest, AskedReceiptsAreFoundInTheStoreWhenTheMessagesAreNotInMemory) {
  create_group("ana", {"bia"});
  ASSERT_TRUE(run("ana", asking(message("m1", "ana"))));
  send("m2", "ana");
  reload();
  ASSERT_TRUE(run("ana", asking(message("m3", "ana"))));
  ASSERT_TRUE(run("bia", delivered(3)));
  ASSERT_TRUE(needed.covered);
  EXPECT_EQ(needed.covered->after, Seq{0});
  EXPECT_THAT(receipts(), ElementsAre("ana 1 DELIVERED bia", "ana 3 DELIVERED bia"));
}

TEST_F(DecideReceiptsTest, WhoIsNotInToGivesNoStatus) {
  create_group("ana", {"bia", "caio"});
  ASSERT_TRUE(run("ana", asking(only_to(message("m1", "ana"), {"bia"}))));
  ASSERT_TRUE(run("caio", read(1)));
  EXPECT_THAT(statuses(), IsEmpty());
  EXPECT_THAT(receipts(), IsEmpty());
  EXPECT_EQ(progress("caio").read, Seq{1});
}

TEST_F(DecideReceiptsTest, MessagesFromBeforeJoiningGiveNoStatus) {
  create_group("ana", {});
  send("m1", "ana");
  ASSERT_TRUE(run("ana", AddMember{user("bia")}));
  ASSERT_TRUE(run("bia", read(1)));
  EXPECT_THAT(statuses(), IsEmpty());
}

TEST_F(DecideReceiptsTest, WhoLeftAcknowledgesWhatCameBeforeLeavingAndNoMore) {
  create_group("ana", {"bia"});
  send("m1", "ana");
  ASSERT_TRUE(run("bia", RemoveMember{user("bia")}));
  send("m2", "ana");
  ASSERT_TRUE(run("bia", Acknowledge{{"phone"}, Seq{2}, Version{99}, true}));
  EXPECT_EQ(progress("bia").read, Seq{1});
  EXPECT_EQ(progress("bia").find({"phone"})->version, member("bia").left_at_version);
  EXPECT_THAT(statuses(), ElementsAre("ana 1 READ bia"));
  EXPECT_EQ(error("eve", read(1)), ErrorCode::kConversationNotFound);
}

TEST_F(DecideReceiptsTest, AfterARejoinThePauseGivesNoStatusAndTheOldMembershipDoes) {
  create_group("ana", {"bia", "caio"});
  send("m1", "ana");
  ASSERT_TRUE(run("bia", RemoveMember{user("bia")}));
  send("m2", "caio");
  ASSERT_TRUE(run("ana", AddMember{user("bia")}));
  ASSERT_TRUE(run("bia", delivered(2)));
  EXPECT_THAT(statuses(), ElementsAre("ana 1 DELIVERED bia"));
}

TEST_F(DecideReceiptsTest, ADeviceMovesItsOwnCursorOnly) {
  create_group("ana", {"bia"});
  ASSERT_TRUE(run("bia", OpenDevice{{"phone"}, {}}));
  ASSERT_TRUE(run("bia", OpenDevice{{"desk"}, {}}));
  for (const auto* name : {"m1", "m2", "m3"}) send(name, "ana");
  ASSERT_TRUE(run("bia", delivered(3, "phone")));
  ASSERT_TRUE(run("bia", delivered(1, "desk")));
  EXPECT_EQ(progress("bia").find({"phone"})->seq, Seq{3});
  EXPECT_EQ(progress("bia").find({"desk"})->seq, Seq{1});
  EXPECT_EQ(effects.rows.progress.size(), 1u);
  EXPECT_EQ(progress("bia").delivered, Seq{3});
}

TEST_F(DecideReceiptsTest, ANewDeviceStartsAfterWhatTheUserHasHadDelivered) {
  create_group("ana", {"bia"});
  for (const auto* name : {"m1", "m2"}) send(name, "ana");
  ASSERT_TRUE(run("bia", delivered(1)));
  ASSERT_TRUE(run("ana", UpdateConversation{R"({"title":"a"})"}));
  ASSERT_TRUE(run("bia", OpenDevice{{"desk"}, {}}));
  EXPECT_EQ(progress("bia").find({"desk"})->seq, Seq{1});
  EXPECT_EQ(progress("bia").find({"desk"})->version, Version{1});
  ASSERT_TRUE(run("bia", OpenDevice{{"tablet"}, {{"desk"}}}));
  EXPECT_EQ(progress("bia").find({"desk"}), nullptr);
}

TEST_F(DecideReceiptsTest, ADeviceThatAcknowledgedBeforeItWasSeenStartsLikeAnyNewOne) {
  create_group("ana", {"bia"});
  for (const auto* name : {"m1", "m2"}) send(name, "ana");
  ASSERT_TRUE(run("bia", delivered(2, "phone")));
  ASSERT_TRUE(run("ana", UpdateConversation{R"({"title":"a"})"}));
  ASSERT_TRUE(run("bia", delivered(1, "desk")));
  ASSERT_TRUE(run("bia", OpenDevice{{"desk"}, {}}));
  EXPECT_EQ(progress("bia").find({"desk"})->seq, Seq{2});
  EXPECT_EQ(progress("bia").find({"desk"})->version, Version{1});
}

TEST_F(DecideReceiptsTest, AMemberHasAtMostTwentyDevices) {
  create_group("ana", {"bia"});
  send("m1", "ana");
  for (int i = 0; i < 25; ++i) ASSERT_TRUE(run("bia", delivered(1, "d" + std::to_string(i))));
  EXPECT_EQ(progress("bia").devices.size(), kMaxDevices);
}

// Large groups: the live status goes out once the slowest has come that far.

TEST_F(DecideReceiptsTest, InALargeGroupTheStatusGoesOutWhenTheLastHasReachedIt) {
  create_large_group(4);
  send("m1", "m0");
  ASSERT_TRUE(run("m1", delivered(1)));
  EXPECT_THAT(statuses(), IsEmpty());
  ASSERT_TRUE(run("m2", delivered(1)));
  EXPECT_THAT(statuses(), IsEmpty());
  ASSERT_TRUE(run("m3", delivered(1)));
  EXPECT_THAT(statuses(), ElementsAre("m0 1 DELIVERED m3"));
}

TEST_F(DecideReceiptsTest, InALargeGroupAskedReceiptsStillComeOneByOne) {
  create_large_group(4);
  ASSERT_TRUE(run("m0", asking(message("a", "m0"))));
  ASSERT_TRUE(run("m1", delivered(1)));
  EXPECT_THAT(receipts(), ElementsAre("m0 1 DELIVERED m1"));
}

TEST_F(DecideReceiptsTest, InALargeGroupTheLastToReachMayHaveWrittenTheMessage) {
  create_large_group(3);
  send("a", "m1");
  send("b", "m0");
  ASSERT_TRUE(run("m1", read(2)));
  ASSERT_TRUE(run("m2", read(2)));
  EXPECT_THAT(statuses(), IsEmpty());
  ASSERT_TRUE(run("m0", read(1))) << "its own message at 2 is reached with it";
  EXPECT_THAT(statuses(), testing::Contains("m0 2 READ m0"));
  EXPECT_THAT(statuses(), testing::Contains("m1 1 READ m0"));
}

TEST_F(DecideReceiptsTest, InALargeGroupAMessageToSomeIsToldOfToo) {
  create_large_group(3);
  ASSERT_TRUE(run("m0", only_to(message("a", "m0"), {"m1"})));
  ASSERT_TRUE(run("m1", delivered(1)));
  ASSERT_TRUE(run("m2", delivered(1)));
  EXPECT_THAT(statuses(), ElementsAre("m0 1 DELIVERED m2"));
}

TEST_F(DecideReceiptsTest, AfterARestartTheWritersOwnMessagesStillCountAsReached) {
  create_large_group(3);
  send("a", "m0");
  send("b", "m0");
  ASSERT_TRUE(run("m1", delivered(2)));
  reload();
  ASSERT_TRUE(run("m2", delivered(2)));
  EXPECT_THAT(statuses(), ElementsAre("m0 2 DELIVERED m2"));
}

TEST_F(DecideReceiptsTest, WhenTheSlowestLeavesTheNextMoveTellsOfAllThatIsReached) {
  create_large_group(4);
  rules.receipt_members = 2;
  send("a", "m0");
  send("b", "m1");
  for (const auto* name : {"m0", "m1", "m2"}) ASSERT_TRUE(run(name, delivered(2)));
  ASSERT_TRUE(run("m0", RemoveMember{user("m3")}));
  send("c", "m0");
  reload();
  ASSERT_TRUE(run("m1", delivered(3)));
  ASSERT_TRUE(run("m2", delivered(3)));
  EXPECT_THAT(statuses(), ElementsAre("m0 3 DELIVERED m2"));
}

TEST_F(DecideReceiptsTest, AFloorThatRisesFromBelowTheReaderTellsOfTheOlderMessagesToo) {
  create_large_group(4);
  rules.receipt_members = 2;
  send("a", "m0");
  send("b", "m1");
  for (const auto* name : {"m0", "m1", "m2"}) ASSERT_TRUE(run(name, delivered(2)));
  for (int i = 0; i < 40; ++i) send("x" + std::to_string(i), "m1");
  state->trim_recent(kRecentHeaders);
  ASSERT_TRUE(run("m0", RemoveMember{user("m3")}));
  ASSERT_TRUE(run("m2", delivered(42)));
  EXPECT_THAT(statuses(), UnorderedElementsAre("m0 1 DELIVERED m2", "m1 2 DELIVERED m2"));
}

TEST_F(DecideReceiptsTest, WhatAMemberALittleBehindHasNotReportedStaysInMemory) {
  create_large_group(3);
  for (int i = 0; i < 100; ++i) send("x" + std::to_string(i), "m0");
  state->trim_recent(kRecentHeaders);
  ASSERT_TRUE(run("m1", delivered(90)));
  EXPECT_FALSE(needed.covered);
  state->trim_recent(kRecentHeaders);
  EXPECT_EQ(state->recent.size(), 100u) << "m2 has reported nothing";
  ASSERT_TRUE(run("m2", delivered(60)));
  state->trim_recent(kRecentHeaders);
  EXPECT_EQ(state->recent.size(), 40u);
  for (int i = 0; i < 100; ++i) send("y" + std::to_string(i), "m0");
  state->trim_recent(kRecentHeaders);
  EXPECT_EQ(state->recent.size(), 110u) << "m2 is away, m1 is not";
}

TEST_F(DecideReceiptsTest, InALargeGroupAnAcknowledgementReadsNoMoreThanItCovers) {
  create_large_group(3);
  for (int i = 0; i < 300; ++i) send("x" + std::to_string(i), "m0");
  state->trim_recent(kRecentHeaders);
  ASSERT_TRUE(run("m1", delivered(299)));
  ASSERT_TRUE(run("m2", delivered(299)));
  ASSERT_TRUE(run("m1", delivered(300)));
  EXPECT_FALSE(needed.covered) << "the newest are in memory";
}

}  // namespace
}  // namespace c4a
