#include "presence/bus_frame.h"

#include <gtest/gtest.h>

#include "presence/frame_order.h"

namespace c4a {
namespace {

class BusFrameTest : public testing::Test, protected GatewayInbox {
 protected:
  void live(LiveEvent event) override { events.push_back(std::move(event)); }
  void decided(std::uint64_t request, Result<Decision> decision) override {
    decisions.emplace_back(request, std::move(decision));
  }
  void lost() override {}
  Result<> read(std::string_view bytes) {
    return read_bus_frame(bytes, [this](const BusFrameHead& head) { heads.push_back(head); }, *this);
  }
  static LiveEvent event() {
    LiveEvent event;
    event.kind = LiveKind::kStatus;
    event.conversation = {Uuid::from_name("c")};
    event.seq = Seq{9};
    event.version = Version{4};
    event.audience = std::make_shared<const std::vector<UserId>>(std::vector<UserId>{{"ana"}, {"bia"}});
    event.also = {"caio"};
    event.not_to = {"duda"};
    event.except = 1ULL << 62;
    event.position = LogPosition{77};
    event.receipt = 3;
    event.frame = std::make_shared<const std::string>("{}");
    return event;
  }

  std::vector<LiveEvent> events;
  std::vector<std::pair<std::uint64_t, Result<Decision>>> decisions;
  std::vector<BusFrameHead> heads;
};

TEST_F(BusFrameTest, EventsAndDecisionsComeBackInOrder) {
  std::string items;
  append_live(items, event());
  Decision decision;
  decision.seq = Seq{5};
  decision.duplicate = true;
  append_decision(items, 12, decision);
  append_decision(items, 13, std::unexpected(Error{ErrorCode::kLastOwner, "no", {{"/a", "b"}}, 2}));
  ASSERT_TRUE(read(bus_frame({1ULL << 63, 2}, items)));
  EXPECT_EQ(heads.at(0).router, 1ULL << 63);
  const LiveEvent& got = events.at(0);
  EXPECT_EQ(got.kind, LiveKind::kStatus);
  EXPECT_EQ(got.seq, Seq{9});
  EXPECT_EQ(got.audience->at(1).text, "bia");
  EXPECT_EQ(got.also.text, "caio");
  EXPECT_EQ(got.not_to.text, "duda");
  EXPECT_EQ(got.except, 1ULL << 62);
  EXPECT_EQ(got.position, LogPosition{77});
  EXPECT_EQ(got.receipt, 3u);
  EXPECT_EQ(*got.frame, "{}");
  EXPECT_EQ(decisions.at(0).second->seq, Seq{5});
  EXPECT_TRUE(decisions.at(0).second->duplicate);
  const Error& error = decisions.at(1).second.error();
  EXPECT_EQ(error.code, ErrorCode::kLastOwner);
  EXPECT_EQ(error.fields.at(0).pointer, "/a");
  EXPECT_EQ(error.retry_after_s, 2);
}

TEST_F(BusFrameTest, DamageIsNoticedAndWhatCameBeforeItIsTold) {
  std::string items;
  append_live(items, event());
  append_live(items, event());
  const std::string bytes = bus_frame({1, 2}, items);
  EXPECT_FALSE(read(std::string_view(bytes).substr(0, bytes.size() - 1)));
  EXPECT_EQ(events.size(), 1u);
  for (std::size_t length = 0; length < bytes.size(); ++length) (void)read(std::string_view(bytes).substr(0, length));
}

TEST(FrameOrderTest, ANewSenderAndAJumpAreGaps) {
  FrameOrder order;
  EXPECT_TRUE(order.gap_before(1, 5, 0));
  EXPECT_FALSE(order.gap_before(1, 6, 0));
  EXPECT_TRUE(order.gap_before(2, 1, 0));
  EXPECT_TRUE(order.gap_before(1, 8, 0));
  EXPECT_FALSE(order.gap_before(1, 9, 0));
  order.forget();
  EXPECT_TRUE(order.gap_before(1, 10, 0));
}

TEST(FrameOrderTest, ASilentSenderMayHaveMoreToSayEachSecond) {
  FrameOrder order;
  order.gap_before(1, 1, 1000);
  order.gap_before(2, 1, 3000);
  EXPECT_FALSE(order.silence_may_hide_frames(3500));
  EXPECT_TRUE(order.silence_may_hide_frames(3501));
  EXPECT_FALSE(order.silence_may_hide_frames(3502));
  EXPECT_FALSE(order.gap_before(2, 2, 3600));
  EXPECT_FALSE(order.silence_may_hide_frames(4500));
  EXPECT_TRUE(order.silence_may_hide_frames(4501));
  EXPECT_TRUE(order.gap_before(1, 9, 4600)) << "it is back";
  EXPECT_FALSE(order.silence_may_hide_frames(5600));
}

TEST(FrameOrderTest, ALongSilenceIsLookedBehindLessOftenAndThenForgotten) {
  FrameOrder order;
  order.gap_before(1, 1, 0);
  int soon = 0;
  int later = 0;
  for (std::int64_t now = 0; now <= 2 * FrameOrder::kForgottenAfterMs; now += 100) {
    if (order.silence_may_hide_frames(now)) ++(now <= FrameOrder::kDeadByMs ? soon : later);
  }
  EXPECT_EQ(soon, 13);
  EXPECT_EQ(later, 58);
  EXPECT_TRUE(order.gap_before(1, 2, 2 * FrameOrder::kForgottenAfterMs));
}

TEST(FrameOrderTest, ASenderThatHasLeftHidesNothing) {
  FrameOrder order;
  order.gap_before(1, 1, 0);
  order.left(1);
  EXPECT_FALSE(order.silence_may_hide_frames(5000));
}

}  // namespace
}  // namespace c4a
