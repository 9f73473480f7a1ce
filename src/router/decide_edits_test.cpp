#include <gmock/gmock.h>

#include "router/decide_fixture.h"

namespace c4a {
namespace {

using testing::ElementsAre;

class DecideEditsTest : public DecideTest {
 protected:
  static EditMessage edit(const std::string& name, const std::string& text) {
    return {id(name), PayloadType::kText, R"({"type":"text","text":")" + text + "\"}"};
  }
  static ReactToMessage react(const std::string& name, bool add = true) { return {id(name), "👍", add}; }
};

TEST_F(DecideEditsTest, AnEditReplacesThePayloadAndTakesTheNextVersion) {
  create_group("ana", {"bia"});
  send("m1", "ana");
  const auto edited = run("ana", edit("m1", "new"));
  ASSERT_TRUE(edited);
  EXPECT_EQ(edited->version, Version{1});
  EXPECT_EQ(edited->seq, Seq{1});
  EXPECT_EQ(stored.at(Seq{1}).payload, R"({"type":"text","text":"new"})");
  EXPECT_EQ(stored.at(Seq{1}).edited_at, now);
  ASSERT_EQ(effects.rows.changes.size(), 1u);
  EXPECT_EQ(effects.rows.changes[0].type, ChangeType::kMessageUpdated);
  ASSERT_EQ(events<ChangeEvent>().size(), 1u);
  EXPECT_EQ(events<ChangeEvent>()[0].message->payload, R"({"type":"text","text":"new"})");
}

TEST_F(DecideEditsTest, AnEditThatAltersNothingTakesNoVersion) {
  create_group("ana", {"bia"});
  send("m1", "ana");
  const auto same = run("ana", edit("m1", "hello"));
  ASSERT_TRUE(same);
  EXPECT_FALSE(same->changed);
  EXPECT_EQ(state->head.version, Version{0});
  EXPECT_TRUE(effects.rows.empty());
}

TEST_F(DecideEditsTest, OnlyTheSenderEditsAndOnlyInTheSamePayloadType) {
  create_group("ana", {"bia"});
  send("m1", "bia");
  EXPECT_EQ(error("ana", edit("m1", "new")), ErrorCode::kForbidden);
  EXPECT_EQ(error("eve", edit("m1", "new")), ErrorCode::kMessageNotFound);
  EXPECT_EQ(error("bia", edit("m9", "new")), ErrorCode::kMessageNotFound);
  EXPECT_EQ(error("bia", EditMessage{id("m1"), PayloadType::kFile, "{}"}), ErrorCode::kValidationFailed);
}

TEST_F(DecideEditsTest, ADeletedMessageKeepsItsPlaceAndTakesNothingMore) {
  create_group("ana", {"bia"});
  send("m1", "bia");
  const auto gone = run("bia", DeleteMessage{id("m1")});
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->version, Version{1});
  EXPECT_TRUE(stored.at(Seq{1}).payload.empty());
  EXPECT_TRUE(stored.at(Seq{1}).deleted_at);
  EXPECT_EQ(error("bia", edit("m1", "new")), ErrorCode::kMessageDeleted);
  EXPECT_EQ(error("ana", react("m1")), ErrorCode::kMessageDeleted);
  const auto again = run("bia", DeleteMessage{id("m1")});
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->changed);
  EXPECT_EQ(state->head.version, Version{1});
}

TEST_F(DecideEditsTest, AdminsAndOwnersDeleteTheMessagesOfOthersAndMembersDoNot) {
  create_group("ana", {"bia", "caio"});
  ASSERT_TRUE(run("ana", UpdateMember{user("bia"), Role::kAdmin}));
  send("m1", "ana");
  send("m2", "caio");
  EXPECT_EQ(error("caio", DeleteMessage{id("m1")}), ErrorCode::kForbidden);
  EXPECT_TRUE(run("bia", DeleteMessage{id("m1")}));
  EXPECT_TRUE(run("ana", DeleteMessage{id("m2")}));
}

TEST_F(DecideEditsTest, InAPrivateConversationOnlyTheSenderDeletes) {
  create_private("ana", "bia");
  send("m1", "bia");
  EXPECT_EQ(error("ana", DeleteMessage{id("m1")}), ErrorCode::kForbidden);
  EXPECT_TRUE(run("bia", DeleteMessage{id("m1")}));
}

TEST_F(DecideEditsTest, AReactionIsThereOnceHoweverOftenItIsPut) {
  create_group("ana", {"bia"});
  send("m1", "ana");
  EXPECT_EQ(run("bia", react("m1")).value().version, Version{1});
  EXPECT_FALSE(run("bia", react("m1")).value().changed);
  EXPECT_TRUE(run("ana", react("m1")).value().changed);
  EXPECT_TRUE(run("bia", react("m1", false)).value().changed);
  EXPECT_FALSE(run("bia", react("m1", false)).value().changed);
  EXPECT_EQ(state->head.version, Version{3});
  EXPECT_EQ(reactions.size(), 1u);
}

TEST_F(DecideEditsTest, WhoLeftDoesNothingToMessagesAnyMore) {
  create_group("ana", {"bia"});
  send("m1", "bia");
  ASSERT_TRUE(run("bia", RemoveMember{user("bia")}));
  EXPECT_EQ(error("bia", edit("m1", "new")), ErrorCode::kMessageNotFound);
  EXPECT_EQ(error("bia", DeleteMessage{id("m1")}), ErrorCode::kMessageNotFound);
  EXPECT_EQ(error("bia", react("m1")), ErrorCode::kMessageNotFound);
}

TEST_F(DecideEditsTest, WhoJoinedWithoutHistoryCannotTouchWhatCameBefore) {
  create_group("ana", {"bia"});
  send("m1", "ana");
  ASSERT_TRUE(run("ana", AddMember{user("caio"), Role::kAdmin, false}));
  EXPECT_EQ(error("caio", react("m1")), ErrorCode::kMessageNotFound);
  EXPECT_EQ(error("caio", DeleteMessage{id("m1")}), ErrorCode::kMessageNotFound);
  send("m2", "ana");
  EXPECT_TRUE(run("caio", react("m2")));
}

TEST_F(DecideEditsTest, WhoMayNotSeeTheMessageHearsOfTheEditWithoutItsText) {
  create_group("ana", {"bia"});
  send("m1", "ana");
  ASSERT_TRUE(run("ana", AddMember{user("caio"), Role::kMember, false}));
  ASSERT_TRUE(run("ana", edit("m1", "new")));
  const auto told = events<ChangeEvent>();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_THAT(names(told[0].audience), ElementsAre("ana", "bia"));
  EXPECT_TRUE(told[0].message);
  EXPECT_THAT(names(told[1].audience), ElementsAre("caio"));
  EXPECT_FALSE(told[1].message);
  EXPECT_EQ(told[0].change.version, told[1].change.version) << "the counter has no hole for anybody";
  EXPECT_EQ(effects.rows.changes.size(), 1u);
}

}  // namespace
}  // namespace c4a
