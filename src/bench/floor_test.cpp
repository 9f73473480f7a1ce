// The generator against its own floor server, in one process: both ends of the protocol.

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>

#include "bench/floor_server.h"
#include "bench/group_flow.h"
#include "bench/overload_flow.h"
#include "bench/pair_flow.h"

namespace c4a::bench {
namespace {

class FloorTest : public testing::Test {
 protected:
  void SetUp() override { start(FloorFault::kNone); }
  void start(FloorFault fault) {
    auto server = FloorServer::open({"127.0.0.1", 0}, testing::TempDir(), 1U << 20U);
    ASSERT_TRUE(server) << server.error().detail;
    server_ = std::move(*server);
    target_.server.port = server_->port();
    target_.admin_key = "floor";
    server_->lie(fault);
    thread_ = std::thread([this] { server_->run(stop_); });
  }
  void TearDown() override {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }

  std::unique_ptr<FloorServer> server_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
  Target target_;
  Poller poller_;
};

TEST_F(FloorTest, PairsInAClosedLoopLoseNothing) {
  auto flow = PairFlow::open(poller_, target_, {.pairs = 5, .in_flight = 4});
  ASSERT_TRUE(flow) << flow.error().detail;
  (*flow)->start();
  while ((*flow)->figures().deliveries < 500 && !(*flow)->broken()) (*flow)->run(now_us() + 10'000);
  (*flow)->stop();
  (*flow)->drain(20);
  EXPECT_EQ((*flow)->violations().count(), 0U) << (*flow)->violations().first().front();
  EXPECT_EQ((*flow)->figures().acks, (*flow)->figures().deliveries);
  EXPECT_GT((*flow)->figures().statuses, 0U);
}

TEST_F(FloorTest, PairsInAnOpenLoopKeepTheirRate) {
  auto flow = PairFlow::open(poller_, target_, {.pairs = 3, .rate = 2000, .message_ids = true});
  ASSERT_TRUE(flow) << flow.error().detail;
  (*flow)->start();
  while ((*flow)->figures().deliveries < 100 && !(*flow)->broken()) (*flow)->run(now_us() + 10'000);
  (*flow)->stop();
  (*flow)->drain(20);
  EXPECT_EQ((*flow)->violations().count(), 0U);
  EXPECT_EQ((*flow)->figures().ack.count(), (*flow)->figures().acks);
}

TEST_F(FloorTest, WhatIsOfferedOnAScheduleIsDoneInTimeWhereThereIsRoom) {
  auto flow = OverloadFlow::open(poller_, target_, {.pairs = 3, .rate = 2000});
  ASSERT_TRUE(flow) << flow.error().detail;
  (*flow)->run(200'000);
  (*flow)->drain(20);
  const auto& figures = (*flow)->figures();
  EXPECT_EQ((*flow)->violations().count(), 0U);
  EXPECT_EQ(figures.acknowledged_in_time, figures.offered);
  EXPECT_EQ(figures.delivered_in_time, figures.offered);
  EXPECT_EQ(figures.refused, 0U);
}

TEST_F(FloorTest, EveryMemberOfAGroupGetsEveryMessage) {
  auto flow = GroupFlow::open(poller_, target_, {.members = 20, .senders = 3});
  ASSERT_TRUE(flow) << flow.error().detail;
  for (int i = 0; i < 50; ++i) (*flow)->send(now_us());
  EXPECT_TRUE((*flow)->await_all(20));
  (*flow)->finish();
  EXPECT_EQ((*flow)->violations().count(), 0U);
  EXPECT_EQ((*flow)->deliveries(), 50U * 19U);
}

TEST_F(FloorTest, AServerThatGoesAwayIsAViolation) {
  auto flow = PairFlow::open(poller_, target_, {.pairs = 2, .in_flight = 4});
  ASSERT_TRUE(flow) << flow.error().detail;
  (*flow)->start();
  stop_ = true;
  thread_.join();
  server_.reset();
  while (!(*flow)->broken()) (*flow)->run(now_us() + 10'000);
  (*flow)->drain(0);
  EXPECT_GT((*flow)->violations().count(), 0U);
}

class LyingFloorTest : public FloorTest, public testing::WithParamInterface<FloorFault> {
 protected:
  void SetUp() override { start(GetParam()); }
};

TEST_P(LyingFloorTest, EveryLieIsNoticed) {
  auto flow = PairFlow::open(poller_, target_, {.pairs = 1, .rate = 5000});
  ASSERT_TRUE(flow) << flow.error().detail;
  (*flow)->start();
  const auto& figures = (*flow)->figures();
  while ((figures.acks < 100 || figures.statuses < 40) && !(*flow)->broken()) (*flow)->run(now_us() + 10'000);
  (*flow)->stop();
  (*flow)->drain(1);
  EXPECT_GT((*flow)->violations().count(), 0U);
}

TEST_P(LyingFloorTest, AnOverloadedServersLiesAboutMessagesAreNoticedToo) {
  if (GetParam() == FloorFault::kRepeatStatus) GTEST_SKIP() << "statuses are not looked at there";
  auto flow = OverloadFlow::open(poller_, target_, {.pairs = 1, .rate = 5000});
  ASSERT_TRUE(flow) << flow.error().detail;
  (*flow)->run(200'000);
  (*flow)->drain(1);
  EXPECT_GT((*flow)->violations().count(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Faults, LyingFloorTest,
                         testing::Values(FloorFault::kLoseMessage, FloorFault::kRepeatMessage,
                                         FloorFault::kDelayMessage, FloorFault::kForgetAck, FloorFault::kRepeatStatus));

}  // namespace
}  // namespace c4a::bench
