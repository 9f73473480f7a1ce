#include "gateway/http/health.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace c4a {
namespace {

TEST(HealthTest, EachDependencyIsAskedOnceASecondHoweverManyAsk) {
  ManualClock clock;
  std::atomic<int> asked = 0;
  Health health({{"store",
                  [&]() -> Result<> {
                    ++asked;
                    std::this_thread::sleep_for(std::chrono::milliseconds(20));
                    return {};
                  }}},
                clock);
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 20; ++i) {
      callers.emplace_back([&] { EXPECT_TRUE(health.report()->at("store").state); });
    }
  }
  EXPECT_EQ(asked, 1);
  clock.advance_ms(999);
  EXPECT_TRUE(health.report()->at("store").state);
  EXPECT_EQ(asked, 1);
  clock.advance_ms(1);
  EXPECT_TRUE(health.report()->at("store").state);
  EXPECT_EQ(asked, 2);
}

TEST(HealthTest, WhatIsWrongIsTold) {
  ManualClock clock;
  Health health({{"log", [] { return Result<>{}; }},
                 {"store", [] { return Result<>(fail(ErrorCode::kUnavailable, "no answer on port 1")); }}},
                clock);
  const auto report = health.report();
  EXPECT_TRUE(report->at("log").state);
  ASSERT_FALSE(report->at("store").state);
  EXPECT_EQ(report->at("store").state.error().detail, "no answer on port 1");
}

}  // namespace
}  // namespace c4a
