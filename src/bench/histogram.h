#pragma once

// Counts durations in buckets that are never wider than 1 % of their value, so that a percentile costs no list of
// samples. One thread.

#include <cstdint>
#include <vector>

namespace c4a::bench {

class Histogram {
 public:
  Histogram();

  // Negative durations (a clock that was read late) count as 0; those past 2^40 µs as that.
  void record(std::int64_t duration_us);
  void merge(const Histogram& other);
  void reset();

  std::uint64_t count() const { return count_; }
  // The largest duration recorded, exactly.
  std::int64_t max_us() const { return max_us_; }
  double mean_us() const;
  // The duration that `share` (0 to 1) of all samples do not exceed; 0 where there are none. Never above max_us.
  std::int64_t quantile_us(double share) const;

 private:
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  std::int64_t sum_us_ = 0;
  std::int64_t max_us_ = 0;
};

}  // namespace c4a::bench
