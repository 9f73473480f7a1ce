#include "bench/report.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <limits>

namespace c4a::bench {
namespace {

TEST(ReportTest, FiguresAreWrittenForPeople) {
  EXPECT_EQ(readable(0.1234), "0.123");
  EXPECT_EQ(readable(12.345), "12.35");
  EXPECT_EQ(readable(1000), "1,000");
  EXPECT_EQ(readable(1234567), "1,234,567");
  EXPECT_EQ(readable(-123456), "-123,456");
}

TEST(ReportTest, AViolationFailsTheReport) {
  Report report("ws-pairs");
  EXPECT_TRUE(report.passed());
  Violations violations;
  violations.add("seq 3 came after seq 1");
  report.violations(violations);
  EXPECT_FALSE(report.passed());
  EXPECT_NE(report.table().find("seq 3 came after seq 1"), std::string::npos);
}

TEST(ReportTest, TheJsonHoldsParametersMetricsAndChecks) {
  Report report("post");
  report.parameter("connections", 64);
  report.metric("rate", 25'000.5, "msg/s");
  EXPECT_EQ(
      report.json(),
      R"({"workload":"post","parameters":{"connections":"64"},"metrics":{"rate":{"value":25000.5000,"unit":"msg/s"}},)"
      R"("checks":{"passed":true,"violations":0,"first":[]}})"
      "\n");
}

TEST(ReportTest, WhatIsNoNumberBecomesZero) {
  Report report("post");
  report.metric("rate", std::numeric_limits<double>::quiet_NaN(), "msg/s");
  EXPECT_EQ(report.find("rate")->value, 0);
  EXPECT_EQ(report.find("other"), nullptr);
}

TEST(CpuUseTest, ThreadsAreCountedToTheNanosecondWhileTheyLive) {
  ProcessSample before{{{1, 1'000'000}, {2, 5'000'000}}, 10, 10};
  ProcessSample after{{{1, 2'000'000}, {2, 5'500'000}, {3, 500'000}}, 13, 11};
  const auto use = cpu_between(before, after);
  EXPECT_DOUBLE_EQ(use.total_us, 2000);
  EXPECT_DOUBLE_EQ(use.user_us, 1500);
  EXPECT_DOUBLE_EQ(use.system_us, 500);
}

TEST(CpuUseTest, TicksAreUsedWhereAThreadEnded) {
  ProcessSample before{{{1, 1'000'000}, {2, 5'000'000}}, 10, 10};
  ProcessSample after{{{1, 2'000'000}}, 13, 11};
  const auto use = cpu_between(before, after);
  EXPECT_GT(use.user_us, 0);
  EXPECT_DOUBLE_EQ(use.total_us, use.user_us + use.system_us);
}

TEST(CpuUseTest, ThisProcessCanBeReadAndAStrangeOneCannot) {
  EXPECT_TRUE(sample_process(getpid()));
  EXPECT_TRUE(memory_of(getpid()));
  EXPECT_FALSE(sample_process(1 << 30));
  EXPECT_FALSE(memory_of(1 << 30));
}

}  // namespace
}  // namespace c4a::bench
