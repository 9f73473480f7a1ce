#include <gmock/gmock.h>

#include "router/decide_fixture.h"

namespace c4a {
namespace {

using testing::ElementsAre;
using DecideSendTest = DecideTest;

TEST_F(DecideSendTest, MessagesTakeTheNextPlacesWithoutHoles) {
  create_group("ana", {"bia"});
  EXPECT_EQ(send("m1", "ana"), Seq{1});
  EXPECT_EQ(send("m2", "bia"), Seq{2});
  EXPECT_EQ(error("eve", message("m3", "eve")), ErrorCode::kConversationNotFound);
  EXPECT_EQ(send("m4", "ana"), Seq{3});
  EXPECT_EQ(effects.rows.messages.at(0).seq, Seq{3});
  EXPECT_EQ(effects.rows.messages.at(0).conversation_id, conversation);
}

TEST_F(DecideSendTest, AMessageGoesToAllMembersButTheSessionThatSentIt) {
  create_group("ana", {"bia", "caio"});
  session = 7;
  send("m1", "ana");
  const auto sent = events<MessageEvent>();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].except, 7u);
  EXPECT_THAT(names(sent[0].audience), ElementsAre("ana", "bia", "caio"));
}

TEST_F(DecideSendTest, ARepeatOfTheSameContentAnswersTheFirstPlaceAndLeavesNothing) {
  create_group("ana", {"bia"});
  const auto first = run("ana", message("m1", "ana"));
  send("m2", "bia");
  const auto again = run("ana", message("m1", "ana"));
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->duplicate);
  EXPECT_EQ(again->seq, first->seq);
  EXPECT_EQ(again->created_at, first->created_at);
  EXPECT_TRUE(effects.rows.empty());
  EXPECT_TRUE(effects.events.empty());
  EXPECT_EQ(state->head.last_seq, Seq{2});
}

TEST_F(DecideSendTest, ARepeatIsRecognisedWhenOnlyTheStoreRemembersTheFirst) {
  create_group("ana", {"bia"});
  send("m1", "ana");
  reload();
  const auto again = run("ana", message("m1", "ana"));
  EXPECT_EQ(needed.repeat, id("m1"));
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->duplicate);
  EXPECT_EQ(again->seq, Seq{1});
}

TEST_F(DecideSendTest, ARepeatComparesWithTheOriginalEvenAfterEditAndDelete) {
  create_group("ana", {"bia"});
  send("m1", "ana");
  ASSERT_TRUE(run("ana", EditMessage{id("m1"), PayloadType::kText, R"({"type":"text","text":"new"})"}));
  reload();
  EXPECT_TRUE(run("ana", message("m1", "ana")).value().duplicate);
  ASSERT_TRUE(run("ana", DeleteMessage{id("m1")}));
  reload();
  EXPECT_TRUE(run("ana", message("m1", "ana")).value().duplicate);
  EXPECT_EQ(error("ana", message("m1", "ana", "new")), ErrorCode::kMessageIdConflict);
}

TEST_F(DecideSendTest, OtherContentOrAnotherSenderUnderTheSameIdIsAConflict) {
  create_group("ana", {"bia"});
  send("m1", "ana");
  EXPECT_EQ(error("ana", message("m1", "ana", "other")), ErrorCode::kMessageIdConflict);
  EXPECT_EQ(error("bia", message("m1", "bia")), ErrorCode::kMessageIdConflict);
  reload();
  EXPECT_EQ(error("ana", message("m1", "ana", "other")), ErrorCode::kMessageIdConflict);
  EXPECT_EQ(error("bia", message("m1", "bia")), ErrorCode::kMessageIdConflict);
  EXPECT_EQ(state->head.last_seq, Seq{1});
}

TEST_F(DecideSendTest, AnIdThatTheServerMadeIsNotLookedUp) {
  create_group("ana", {"bia"});
  auto made = message("m1", "ana");
  made.id_from_client = false;
  ASSERT_TRUE(run("ana", made));
  EXPECT_FALSE(needed.repeat);
}

TEST_F(DecideSendTest, RecipientsMustBePresentMembersAndEveryWrongOneIsNamed) {
  create_group("ana", {"bia", "caio"});
  ASSERT_TRUE(run("caio", RemoveMember{user("caio")}));
  const auto refused = run("ana", only_to(message("m1", "ana"), {"bia", "caio", "eve"}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kValidationFailed);
  ASSERT_EQ(refused.error().fields.size(), 2u);
  EXPECT_EQ(refused.error().fields[0].pointer, "/to/1");
  EXPECT_EQ(refused.error().fields[1].pointer, "/to/2");
  EXPECT_EQ(state->head.last_seq, Seq{0});
  EXPECT_TRUE(run("ana", only_to(message("m1", "ana"), {"bia"})));
}

TEST_F(DecideSendTest, AReplyNamesAMessageOfTheConversation) {
  create_group("ana", {"bia"});
  auto reply = message("m2", "bia");
  reply.message.reply_to = id("m1");
  EXPECT_EQ(error("bia", reply), ErrorCode::kValidationFailed);
  send("m1", "ana");
  EXPECT_TRUE(run("bia", reply));
  EXPECT_FALSE(needed.reply_to) << "it is in memory";
  reload();
  auto later = message("m3", "bia");
  later.message.reply_to = id("m1");
  EXPECT_TRUE(run("bia", later));
  EXPECT_EQ(needed.reply_to, id("m1"));
}

TEST_F(DecideSendTest, WhoLeftOrNeverWasInItIsToldThatThereIsNoSuchConversation) {
  create_group("ana", {"bia"});
  ASSERT_TRUE(run("bia", RemoveMember{user("bia")}));
  EXPECT_EQ(error("bia", message("m1", "bia")), ErrorCode::kConversationNotFound);
  EXPECT_EQ(error("eve", message("m2", "eve")), ErrorCode::kConversationNotFound);
  state.reset();
  EXPECT_EQ(error("ana", message("m3", "ana")), ErrorCode::kConversationNotFound);
}

TEST_F(DecideSendTest, TheSendingDevicesCursorPassesItsOwnMessageOnlyWhenNothingIsPendingBeforeIt) {
  create_group("ana", {"bia"});
  ASSERT_TRUE(run("ana", OpenDevice{{"phone"}, {}}));
  auto own = message("m1", "ana");
  own.message.from_device = {"phone"};
  ASSERT_TRUE(run("ana", own));
  EXPECT_EQ(progress("ana").find({"phone"})->seq, Seq{1});
  send("m2", "bia");
  own = message("m3", "ana");
  own.message.from_device = {"phone"};
  ASSERT_TRUE(run("ana", own));
  EXPECT_EQ(progress("ana").find({"phone"})->seq, Seq{1});
  EXPECT_EQ(progress("ana").delivered, Seq{0});
}

}  // namespace
}  // namespace c4a
