// What a log may hold twice, with others' commands between: `repeatable` must be right about each kind.

#include "router/decide_fixture.h"

namespace c4a {
namespace {

class DecideRepeatsTest : public DecideTest {
 protected:
  // Decided before, and others since.
  void alters_nothing(const std::string& actor, const Request& again) {
    EXPECT_TRUE(repeatable(again)) << again.index();
    (void)run(actor, again);
    EXPECT_TRUE(effects.rows.empty()) << again.index();
    for (const auto& event : effects.events) EXPECT_TRUE(std::holds_alternative<TypingEvent>(event)) << again.index();
  }
  static EditMessage edit(const std::string& name, const std::string& text) {
    return {id(name), PayloadType::kText, R"({"type":"text","text":")" + text + "\"}"};
  }
};

TEST_F(DecideRepeatsTest, SendsAcknowledgementsAndDeletions) {
  create_group("ana", {"bia"});
  const Request sent = message("m1", "ana");
  ASSERT_TRUE(run("ana", sent));
  ASSERT_TRUE(run("bia", delivered(1)));
  for (int i = 2; i < 100; ++i) send("m" + std::to_string(i), "bia");
  ASSERT_TRUE(run("bia", read(50)));
  ASSERT_TRUE(run("bia", DeleteMessage{id("m7")}));
  alters_nothing("ana", sent);
  alters_nothing("bia", delivered(1));
  alters_nothing("bia", read(50));
  alters_nothing("bia", DeleteMessage{id("m7")});
  alters_nothing("bia", Typing{});
}

TEST_F(DecideRepeatsTest, WhatWasDeletedOrRemovedMeanwhileStaysSo) {
  create_group("ana", {"bia", "caio"});
  ASSERT_TRUE(run("bia", message("m1", "bia")));
  ASSERT_TRUE(run("bia", RemoveMember{user("bia"), true}));
  alters_nothing("bia", RemoveMember{user("bia"), true});
  alters_nothing("bia", message("m1", "bia"));
  ASSERT_TRUE(run("ana", DeleteConversation{}));
  alters_nothing("ana", DeleteConversation{});
  alters_nothing("ana", CreateConversation{ConversationType::kGroup, {user("ana"), user("caio")}, "{}"});
  EXPECT_TRUE(state->head.deleted);
}

// Why each of these is not repeatable: done again it takes back what came between.
TEST_F(DecideRepeatsTest, OthersWouldUndoWhatCameBetween) {
  create_group("ana", {"bia"});
  send("m1", "ana");
  ASSERT_TRUE(run("ana", edit("m1", "first")));
  ASSERT_TRUE(run("ana", edit("m1", "second")));
  EXPECT_TRUE(run("ana", edit("m1", "first"))->changed);
  EXPECT_FALSE(repeatable(edit("m1", "first")));

  ASSERT_TRUE(run("bia", OpenDevice{{"phone"}, {}}));
  ASSERT_TRUE(run("ana", edit("m1", "third")));
  const Version before = progress("bia").devices.at(0).version;
  ASSERT_TRUE(run("bia", OpenDevice{{"phone"}, {}}));
  EXPECT_GT(progress("bia").devices.at(0).version, before) << "the third edit is passed over";
  EXPECT_FALSE(repeatable(OpenDevice{}));

  ASSERT_TRUE(run("ana", AddMember{user("caio")}));
  ASSERT_TRUE(run("caio", RemoveMember{user("caio")}));
  EXPECT_TRUE(run("ana", AddMember{user("caio")})->changed);
  EXPECT_FALSE(repeatable(AddMember{}) || repeatable(RemoveMember{}));
}

}  // namespace
}  // namespace c4a
