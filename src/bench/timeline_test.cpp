#include "bench/timeline.h"

#include <gtest/gtest.h>

namespace c4a::bench {
namespace {

constexpr std::int64_t kStart = 5'000'000;

TEST(TimelineTest, SecondsWithoutAnythingAreThereToo) {
  Timeline timeline(kStart, 1'700'000'000'000);
  timeline.acknowledged(kStart + 100'000, 2'000);
  timeline.refused(kStart + 2'500'000);
  timeline.acknowledged(kStart + 2'600'000, 8'000);
  EXPECT_EQ(timeline.json(), R"({"started_at_ms":1700000000000,"seconds":[)"
                             R"({"second":0,"acknowledged":1,"refused":0,"p99_ms":2.000},)"
                             R"({"second":1,"acknowledged":0,"refused":0,"p99_ms":0.000},)"
                             R"({"second":2,"acknowledged":1,"refused":1,"p99_ms":8.000}]})"
                             "\n");
}

TEST(TimelineTest, TheLongestSilenceIsBetweenAnswersAndAtBothEnds) {
  Timeline timeline(kStart, 0);
  timeline.acknowledged(kStart + 300'000, 1);
  EXPECT_EQ(timeline.longest_silence_us(), 300'000);
  timeline.acknowledged(kStart + 500'000, 1);
  EXPECT_EQ(timeline.longest_silence_us(), 300'000);
  timeline.ended(kStart + 1'500'000);
  EXPECT_EQ(timeline.longest_silence_us(), 1'000'000);
}

TEST(TimelineTest, AfterTheEndNobodyIsMissed) {
  Timeline timeline(kStart, 0);
  timeline.acknowledged(kStart + 1, 1);
  timeline.ended(kStart + 2);
  timeline.acknowledged(kStart + 9'000'000, 1);
  EXPECT_EQ(timeline.longest_silence_us(), 1);
}

}  // namespace
}  // namespace c4a::bench
