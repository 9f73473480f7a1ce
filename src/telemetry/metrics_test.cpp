#include "telemetry/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "telemetry/process_metrics.h"

namespace c4a {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(MetricsTest, ACounterIsExportedWithItsHelpTypeAndLabels) {
  MetricRegistry registry;
  registry.counter("messages_total", "Messages accepted.", {{"via", "ws"}}).add(3);
  registry.counter("messages_total", "Messages accepted.", {{"via", "http"}}).add();
  EXPECT_EQ(registry.render(),
            "# HELP messages_total Messages accepted.\n"
            "# TYPE messages_total counter\n"
            "messages_total{via=\"http\"} 1\n"
            "messages_total{via=\"ws\"} 3\n");
}

TEST(MetricsTest, TheSameNameAndLabelsAreTheSameMetricInWhateverOrderTheLabelsCome) {
  MetricRegistry registry;
  Counter& one = registry.counter("a_total", "A.", {{"x", "1"}, {"y", "2"}});
  EXPECT_EQ(&one, &registry.counter("a_total", "A.", {{"y", "2"}, {"x", "1"}}));
  EXPECT_NE(&one, &registry.counter("a_total", "A.", {{"x", "2"}, {"y", "2"}}));
}

TEST(MetricsTest, ACounterLosesNothingUnderManyThreads) {
  Counter counter;
  std::vector<std::thread> threads;
  for (int t = 0; t < 12; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5000; ++i) counter.add();
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(counter.value(), 60'000U);
}

TEST(MetricsTest, AGaugeGoesUpAndDownAndBelowZero) {
  MetricRegistry registry;
  Gauge& sessions = registry.gauge("sessions", "Open sessions.");
  sessions.add(2);
  sessions.subtract(5);
  EXPECT_THAT(registry.render(), HasSubstr("# TYPE sessions gauge\nsessions -3\n"));
  sessions.set(9);
  EXPECT_EQ(sessions.value(), 9);
}

TEST(MetricsTest, AValueOnABoundFallsUnderItAndBucketsAccumulate) {
  MetricRegistry registry;
  constexpr double kBounds[] = {1, 2};
  Histogram& sizes = registry.histogram("batch_size", "Commands in a batch.", kBounds);
  for (const double value : {0.5, 1.0, 1.5, 2.0, 7.0}) sizes.observe(value);
  EXPECT_THAT(registry.render(), HasSubstr("# TYPE batch_size histogram\n"
                                           "batch_size_count 5\n"
                                           "batch_size_sum 12\n"
                                           "batch_size_bucket{le=\"1\"} 2\n"
                                           "batch_size_bucket{le=\"2\"} 4\n"
                                           "batch_size_bucket{le=\"+Inf\"} 5\n"));
}

TEST(MetricsTest, ACallbackIsReadAtEveryRenderAndLeavesThePageWithItsHandle) {
  MetricRegistry registry;
  double value = 1;
  {
    const auto kept = registry.callback_gauge("queue_bytes", "Bytes that wait.", [&] { return value; });
    EXPECT_THAT(registry.render(), HasSubstr("queue_bytes 1\n"));
    value = 2.5;
    EXPECT_THAT(registry.render(), HasSubstr("queue_bytes 2.5\n"));
  }
  EXPECT_THAT(registry.render(), Not(HasSubstr("queue_bytes")));
  const auto again = registry.callback_gauge("queue_bytes", "Bytes that wait.", [] { return 4.0; });
  EXPECT_THAT(registry.render(), HasSubstr("queue_bytes 4\n"));
}

TEST(MetricsTest, AMovedHandleKeepsItsCallbackAndAnAssignedOneDropsItsOwn) {
  MetricRegistry registry;
  auto first = registry.callback_gauge("first", "F.", [] { return 1.0; });
  auto second = registry.callback_counter("second_total", "S.", [] { return 2.0; });
  first = std::move(second);
  EXPECT_THAT(registry.render(), Not(HasSubstr("first")));
  EXPECT_THAT(registry.render(), HasSubstr("# TYPE second_total counter\nsecond_total 2\n"));
}

TEST(MetricsTest, LabelValuesAreEscaped) {
  MetricRegistry registry;
  registry.counter("a_total", "A.", {{"x", "quote \" slash \\ line\n"}}).add();
  EXPECT_THAT(registry.render(), HasSubstr(R"(a_total{x="quote \" slash \\ line\n"} 1)"));
}

TEST(MetricsTest, LargeCountersKeepTheirDigits) {
  MetricRegistry registry;
  registry.counter("bytes_total", "B.").add(1'234'567'890'123);
  EXPECT_THAT(registry.render(), HasSubstr("bytes_total 1234567890123\n"));
}

double value_of(const std::string& page, const std::string& name) {
  const auto at = page.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::stod(page.substr(at + name.size() + 2));
}

TEST(ProcessMetricsTest, TheProcessDescribesItself) {
  const std::string page = render_metrics();
  EXPECT_GT(value_of(page, "process_resident_memory_bytes"), 1'000'000);
  EXPECT_GE(value_of(page, "process_virtual_memory_bytes"), value_of(page, "process_resident_memory_bytes"));
  EXPECT_GE(value_of(page, "process_cpu_seconds_total"), 0);
  EXPECT_GE(value_of(page, "process_threads"), 1);
  EXPECT_GE(value_of(page, "process_open_fds"), 3);
  EXPECT_GE(value_of(page, "process_max_fds"), value_of(page, "process_open_fds"));
  EXPECT_GT(value_of(page, "process_start_time_seconds"), 1'700'000'000);
  EXPECT_THAT(page, HasSubstr("chat4all_build_info{version=\"" + std::string(build_version()) + "\"} 1\n"));
}

}  // namespace
}  // namespace c4a
