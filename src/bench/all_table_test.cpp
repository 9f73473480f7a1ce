#include "bench/all_table.h"

#include <gtest/gtest.h>

namespace c4a::bench {
namespace {

Report run_with(double rate) {
  Report report("ws-pairs");
  report.metric("rate", rate, "msg/s");
  return report;
}

TEST(AllTableTest, TheMedianIsTheMiddleOne) {
  EXPECT_EQ(spread_of({3, 1, 2}).median, 2);
  EXPECT_EQ(spread_of({4, 1, 2, 3}).median, 2.5);
  EXPECT_EQ(spread_of({4, 1, 2}).min, 1);
  EXPECT_EQ(spread_of({4, 1, 2}).max, 4);
}

TEST(AllTableTest, AnAimIsJudgedByTheMedian) {
  Step step{"1:1", "ws-pairs", {}, false, false, {{"rate", true, 50'000}, {"cost", false, 20}}};
  StepResult result{&step, "chat4all bench ws-pairs", {run_with(10), run_with(60'000), run_with(70'000)}, ""};
  const auto text = markdown({result}, "a machine");
  EXPECT_NE(text.find("| 1:1 | rate | ≥ 50,000 | 60,000 msg/s | met |"), std::string::npos) << text;
  EXPECT_NE(text.find("| 1:1 | cost | ≤ 20.00 | not measured | |"), std::string::npos) << text;
  EXPECT_NE(text.find("all checks passed"), std::string::npos);
}

TEST(AllTableTest, AMissedAimAndAFailureAreShown) {
  Step step{"1:1", "ws-pairs", {}, false, false, {{"rate", true, 50'000}}};
  StepResult result{&step, "chat4all bench ws-pairs", {run_with(10)}, "the server ended"};
  const auto text = markdown({result}, "a machine");
  EXPECT_NE(text.find("**missed**"), std::string::npos);
  EXPECT_NE(text.find("**Failed:** the server ended"), std::string::npos);
}

TEST(AllTableTest, AnAimThatTheFloorMissesTooIsToldWithItsFigure) {
  Step step{"1:1", "ws-pairs", {}, false, false, {{"ack_p99", false, 5}}};
  Report report("ws-pairs");
  report.metric("ack_p99", 12, "ms");
  report.metric("floor_ack_p99", 11, "ms");
  StepResult result{&step, "chat4all bench ws-pairs", {report}, ""};
  const auto text = markdown({result}, "a machine");
  EXPECT_NE(text.find("| 12.00 ms | **missed**; the floor: 11.00 |"), std::string::npos) << text;
}

}  // namespace
}  // namespace c4a::bench
