#pragma once

// What clients saw, second by second, and the longest time in which nobody was answered.

#include <cstdint>
#include <string>
#include <vector>

#include "bench/histogram.h"

namespace c4a::bench {

class Timeline {
 public:
  // `started_ms`: the same moment on the wall clock, so that others can lay their own times beside it.
  Timeline(std::int64_t start_us, std::int64_t started_ms)
      : start_us_(start_us), started_ms_(started_ms), last_answer_us_(start_us) {}

  void acknowledged(std::int64_t now, std::int64_t latency_us);
  void refused(std::int64_t now);
  // Nothing is due any more: time without an answer counts no longer.
  void ended(std::int64_t now);

  std::int64_t longest_silence_us() const { return longest_silence_us_; }
  // {"started_at_ms", "seconds": [{"second", "acknowledged", "refused", "p99_ms"}]}, every second up to the last.
  std::string json() const;

 private:
  struct Second {
    std::uint64_t acknowledged = 0;
    std::uint64_t refused = 0;
    std::int64_t p99_us = 0;
  };
  Second& at(std::int64_t now);

  std::int64_t start_us_;
  std::int64_t started_ms_;
  std::int64_t last_answer_us_;
  std::int64_t longest_silence_us_ = 0;
  bool ended_ = false;
  std::vector<Second> seconds_;
  Histogram now_;  // latencies of the second that is under way
};

}  // namespace c4a::bench
