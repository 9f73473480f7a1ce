#include <gmock/gmock.h>

#include "router/decide_fixture.h"

namespace c4a {
namespace {

using testing::ElementsAre;

class DecideMembersTest : public DecideTest {
 protected:
  // ana owns, bia is an admin, caio and dora are members.
  void create_staffed_group() {
    create_group("ana", {"bia", "caio", "dora"});
    ASSERT_TRUE(run("ana", UpdateMember{user("bia"), Role::kAdmin}));
  }
  bool may(const std::string& actor, Request request) {
    const auto decision = run(actor, std::move(request));
    if (!decision) EXPECT_EQ(decision.error().code, ErrorCode::kForbidden) << decision.error().detail;
    return decision.has_value();
  }
};

TEST_F(DecideMembersTest, TheCreatorOwnsAndTheOthersAreMembers) {
  create_group("ana", {"bia"});
  EXPECT_EQ(member("ana").role, Role::kOwner);
  EXPECT_EQ(member("bia").role, Role::kMember);
  EXPECT_EQ(effects.rows.members.size(), 2u);
  EXPECT_EQ(effects.rows.conversations.size(), 1u);
  EXPECT_EQ(state->head.version, Version{0});
}

TEST_F(DecideMembersTest, CreatingWhatIsThereAnswersItAsADuplicate) {
  create_private("ana", "bia");
  send("m1", "ana");
  const auto again = run("bia", CreateConversation{ConversationType::kPrivate, {user("bia"), user("ana")}, "{}"});
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->duplicate);
  EXPECT_EQ(again->seq, Seq{1});
  EXPECT_TRUE(effects.rows.empty());
}

TEST_F(DecideMembersTest, WhoMayAddWhomInWhichRole) {
  create_staffed_group();
  EXPECT_FALSE(may("caio", AddMember{user("x1")}));
  EXPECT_TRUE(may("bia", AddMember{user("x2")}));
  EXPECT_TRUE(may("bia", AddMember{user("x3"), Role::kAdmin}));
  EXPECT_FALSE(may("bia", AddMember{user("x4"), Role::kOwner}));
  EXPECT_TRUE(may("ana", AddMember{user("x5"), Role::kOwner}));
  EXPECT_EQ(error("ana", AddMember{user("caio")}), ErrorCode::kAlreadyMember);
  EXPECT_EQ(error("eve", AddMember{user("x6")}), ErrorCode::kConversationNotFound);
}

TEST_F(DecideMembersTest, WhoMayChangeWhoseRole) {
  create_staffed_group();
  EXPECT_FALSE(may("caio", UpdateMember{user("dora"), Role::kAdmin}));
  EXPECT_FALSE(may("caio", UpdateMember{user("caio"), Role::kAdmin}));
  EXPECT_TRUE(may("bia", UpdateMember{user("dora"), Role::kAdmin}));
  EXPECT_FALSE(may("bia", UpdateMember{user("dora"), Role::kOwner}));
  EXPECT_FALSE(may("bia", UpdateMember{user("ana"), Role::kMember}));
  EXPECT_TRUE(may("bia", UpdateMember{user("bia"), Role::kMember})) << "an admin steps down";
  EXPECT_TRUE(may("ana", UpdateMember{user("caio"), Role::kOwner}));
  EXPECT_TRUE(may("caio", UpdateMember{user("ana"), Role::kMember})) << "one owner to another";
  EXPECT_EQ(error("caio", UpdateMember{user("eve"), Role::kAdmin}), ErrorCode::kNotFound);
}

TEST_F(DecideMembersTest, ARoleThatIsGivenAgainTakesNoVersion) {
  create_staffed_group();
  const Version before = state->head.version;
  EXPECT_FALSE(run("ana", UpdateMember{user("bia"), Role::kAdmin}).value().changed);
  EXPECT_EQ(state->head.version, before);
}

TEST_F(DecideMembersTest, WhoMayRemoveWhom) {
  create_staffed_group();
  EXPECT_FALSE(may("caio", RemoveMember{user("dora")}));
  EXPECT_FALSE(may("bia", RemoveMember{user("ana")}));
  EXPECT_TRUE(may("bia", RemoveMember{user("dora")}));
  EXPECT_TRUE(may("caio", RemoveMember{user("caio")}));
  EXPECT_TRUE(may("ana", RemoveMember{user("bia")}));
  EXPECT_EQ(error("ana", RemoveMember{user("bia")}), ErrorCode::kNotFound);
  EXPECT_EQ(error("bia", RemoveMember{user("ana")}), ErrorCode::kConversationNotFound);
}

TEST_F(DecideMembersTest, TheLastOwnerNamesAnotherBeforeLeavingOrSteppingDown) {
  create_group("ana", {"bia"});
  EXPECT_EQ(error("ana", RemoveMember{user("ana")}), ErrorCode::kLastOwner);
  EXPECT_EQ(error("ana", UpdateMember{user("ana"), Role::kMember}), ErrorCode::kLastOwner);
  ASSERT_TRUE(run("ana", UpdateMember{user("bia"), Role::kOwner}));
  EXPECT_TRUE(run("ana", RemoveMember{user("ana")}));
  EXPECT_TRUE(run("bia", RemoveMember{user("bia")})) << "nobody is left who could own it";
  EXPECT_EQ(state->active_count(), 0u);
}

TEST_F(DecideMembersTest, AnAccountThatGoesHandsItsGroupToTheEldestMember) {
  create_group("ana", {"bia"});
  ASSERT_TRUE(run("ana", RemoveMember{user("bia")}));
  ASSERT_TRUE(run("ana", AddMember{user("caio")}));
  ASSERT_TRUE(run("ana", AddMember{user("bia")}));
  ASSERT_TRUE(run("ana", RemoveMember{user("ana"), true}));
  EXPECT_EQ(member("caio").role, Role::kOwner);
  EXPECT_FALSE(member("ana").active());
  EXPECT_EQ(effects.rows.changes.size(), 2u);
  EXPECT_FALSE(run("ana", RemoveMember{user("ana"), true}).value().changed);
}

TEST_F(DecideMembersTest, TheHeirIsTheSameBeforeAndAfterARestart) {
  create_group("ana", {"zoe", "bia"});
  ASSERT_TRUE(run("ana", RemoveMember{user("ana"), true}));
  const Role before = member("bia").role;
  state.reset();
  create_group("ana", {"zoe", "bia"});
  reload();
  ASSERT_TRUE(run("ana", RemoveMember{user("ana"), true}));
  EXPECT_EQ(member("bia").role, before);
  EXPECT_EQ(member("bia").role, Role::kOwner);
}

TEST_F(DecideMembersTest, WhoLeavesHearsOfItAndIsInNoLaterAudience) {
  create_group("ana", {"bia"});
  send("m1", "ana");
  ASSERT_TRUE(run("ana", RemoveMember{user("bia")}));
  EXPECT_EQ(events<ChangeEvent>().at(0).also, user("bia"));
  EXPECT_EQ(member("bia").left_at_seq, Seq{1});
  EXPECT_EQ(member("bia").left_at_version, Version{1});
  send("m2", "ana");
  EXPECT_THAT(names(events<MessageEvent>().at(0).audience), ElementsAre("ana"));
  EXPECT_EQ(member("bia").readable_until(state->head.last_seq), Seq{1});
}

TEST_F(DecideMembersTest, ARejoinIsANewMembershipThatRemembersTheOld) {
  create_group("ana", {"bia"});
  send("m1", "ana");
  ASSERT_TRUE(run("ana", RemoveMember{user("bia")}));
  send("m2", "ana");
  ASSERT_TRUE(run("ana", AddMember{user("bia")}));
  send("m3", "ana");
  EXPECT_TRUE(member("bia").active());
  EXPECT_EQ(member("bia").joined_after, Seq{2});
  EXPECT_EQ(member("bia").visible_after, Seq{0});
  EXPECT_TRUE(member("bia").was_member_at(Seq{1}));
  EXPECT_FALSE(member("bia").was_member_at(Seq{2}));
  EXPECT_TRUE(member("bia").was_member_at(Seq{3}));
  EXPECT_EQ(member("bia").role, Role::kMember);
}

TEST_F(DecideMembersTest, HistoryNoneHidesWhatCameBefore) {
  create_group("ana", {});
  send("m1", "ana");
  ASSERT_TRUE(run("ana", AddMember{user("bia"), Role::kMember, false}));
  ASSERT_TRUE(run("ana", AddMember{user("caio"), Role::kMember, true}));
  EXPECT_EQ(member("bia").visible_after, Seq{1});
  EXPECT_EQ(member("caio").visible_after, Seq{0});
}

TEST_F(DecideMembersTest, APrivateConversationsMembersAreFixed) {
  create_private("ana", "bia");
  EXPECT_EQ(error("ana", AddMember{user("caio")}), ErrorCode::kMembersFixed);
  EXPECT_EQ(error("ana", RemoveMember{user("bia")}), ErrorCode::kMembersFixed);
  EXPECT_EQ(error("bia", RemoveMember{user("bia")}), ErrorCode::kMembersFixed);
  EXPECT_EQ(error("ana", UpdateMember{user("bia"), Role::kOwner}), ErrorCode::kMembersFixed);
  EXPECT_TRUE(run("ana", RemoveMember{user("ana"), true})) << "an account that is deleted leaves all the same";
  EXPECT_EQ(member("bia").role, Role::kOwner);
}

TEST_F(DecideMembersTest, MetadataIsMergedAndOnlyWhatChangesTakesAVersion) {
  create_group("ana", {"bia"});
  ASSERT_TRUE(run("ana", UpdateConversation{R"({"title":"a","x":{"y":1}})"}));
  const auto merged = run("ana", UpdateConversation{R"({"x":{"y":null,"z":2}})"});
  ASSERT_TRUE(merged);
  EXPECT_EQ(merged->version, Version{2});
  EXPECT_EQ(state->head.metadata, R"({"title":"a","x":{"z":2}})");
  EXPECT_EQ(effects.rows.changes.at(0).metadata, state->head.metadata);
  EXPECT_FALSE(run("ana", UpdateConversation{"{}"}).value().changed);
  EXPECT_EQ(error("bia", UpdateConversation{R"({"title":"b"})"}), ErrorCode::kForbidden);
  EXPECT_EQ(error("ana", UpdateConversation{R"({"title":")" + std::string(17 * 1024, 'x') + "\"}"}),
            ErrorCode::kValidationFailed);
  EXPECT_EQ(state->head.version, Version{2});
}

TEST_F(DecideMembersTest, BothChangeThePrivateConversation) {
  create_private("ana", "bia");
  EXPECT_TRUE(run("bia", UpdateConversation{R"({"title":"us"})"}));
}

TEST_F(DecideMembersTest, ADeletedConversationIsGoneForAllAndEachIsTold) {
  create_group("ana", {"bia"});
  send("m1", "ana");
  EXPECT_EQ(error("bia", DeleteConversation{}), ErrorCode::kForbidden);
  ASSERT_TRUE(run("ana", DeleteConversation{}));
  EXPECT_THAT(effects.rows.erased, ElementsAre(conversation));
  EXPECT_EQ(events<ChangeEvent>().size(), 2u);
  EXPECT_EQ(error("ana", message("m2", "ana")), ErrorCode::kConversationNotFound);
  EXPECT_EQ(error("ana", read(1)), ErrorCode::kConversationNotFound);
  EXPECT_EQ(error("ana", UpdateConversation{"{}"}), ErrorCode::kConversationNotFound);
  EXPECT_EQ(error("ana", CreateConversation{ConversationType::kGroup, {user("ana")}, "{}"}), ErrorCode::kConflict);
}

TEST_F(DecideMembersTest, AfterAPrivateConversationIsDeletedThePairsNextOneHasAnIdOfItsOwn) {
  create_private("bia", "ana");
  ASSERT_TRUE(run("bia", DeleteConversation{}));
  ASSERT_EQ(effects.rows.private_pairs.size(), 1u);
  EXPECT_EQ(effects.rows.private_pairs[0].first, user("ana"));
  EXPECT_EQ(effects.rows.private_pairs[0].second, user("bia"));
  EXPECT_EQ(effects.rows.private_pairs[0].generation, 1u);
  const ConversationId first = conversation;
  state.reset();
  create_private("bia", "ana", 1);
  EXPECT_NE(conversation, first);
  ASSERT_TRUE(run("bia", DeleteConversation{}));
  EXPECT_EQ(effects.rows.private_pairs[0].generation, 2u);
}

TEST_F(DecideMembersTest, TypingIsToldToTheMembersAndLeavesNothing) {
  create_group("ana", {"bia"});
  ASSERT_TRUE(run("ana", Typing{}));
  EXPECT_TRUE(effects.rows.empty());
  EXPECT_EQ(events<TypingEvent>().size(), 1u);
  EXPECT_EQ(error("eve", Typing{}), ErrorCode::kConversationNotFound);
}

}  // namespace
}  // namespace c4a
