#include "bench/histogram.h"

#include <gtest/gtest.h>

namespace c4a::bench {
namespace {

TEST(HistogramTest, SmallValuesAreExact) {
  Histogram histogram;
  for (int i = 1; i <= 100; ++i) histogram.record(i);
  EXPECT_EQ(histogram.quantile_us(0.5), 50);
  EXPECT_EQ(histogram.quantile_us(0.99), 99);
  EXPECT_EQ(histogram.quantile_us(1), 100);
  EXPECT_EQ(histogram.max_us(), 100);
  EXPECT_DOUBLE_EQ(histogram.mean_us(), 50.5);
}

TEST(HistogramTest, LargeValuesAreWithinOnePercent) {
  for (const std::int64_t value : {255L, 256L, 257L, 1000L, 12'345L, 999'999L, 1L << 33}) {
    Histogram histogram;
    histogram.record(value);
    histogram.record(value * 4);
    EXPECT_GE(histogram.quantile_us(0.5), value);
    EXPECT_LE(static_cast<double>(histogram.quantile_us(0.5)), static_cast<double>(value) * 1.01);
  }
}

TEST(HistogramTest, NoQuantileIsAboveTheLargestSample) {
  Histogram histogram;
  histogram.record(1'000'001);
  EXPECT_EQ(histogram.quantile_us(0.5), 1'000'001);
}

TEST(HistogramTest, AnEmptyOneSaysZero) {
  const Histogram histogram;
  EXPECT_EQ(histogram.quantile_us(0.99), 0);
  EXPECT_EQ(histogram.max_us(), 0);
  EXPECT_DOUBLE_EQ(histogram.mean_us(), 0);
}

TEST(HistogramTest, NegativeAndEnormousDurationsAreKeptInRange) {
  Histogram histogram;
  histogram.record(-5);
  histogram.record(INT64_MAX);
  EXPECT_EQ(histogram.count(), 2U);
  EXPECT_EQ(histogram.quantile_us(0.5), 0);
  EXPECT_EQ(histogram.max_us(), (1LL << 40) - 1);
}

TEST(HistogramTest, MergingAddsTheSamplesOfBoth) {
  Histogram one;
  Histogram other;
  one.record(10);
  other.record(20);
  other.record(30);
  one.merge(other);
  EXPECT_EQ(one.count(), 3U);
  EXPECT_EQ(one.quantile_us(0.5), 20);
  one.reset();
  EXPECT_EQ(one.count(), 0U);
}

}  // namespace
}  // namespace c4a::bench
