#pragma once

// The schedule of an open loop: event i is due at start + i / rate, whatever became of the events before it.

#include <cstdint>

namespace c4a::bench {

class Pacer {
 public:
  Pacer() = default;
  Pacer(std::int64_t start_us, double per_second) : start_us_(start_us), interval_us_(1e6 / per_second) {}

  std::int64_t next_due_us() const {
    return start_us_ + static_cast<std::int64_t>(static_cast<double>(taken_) * interval_us_);
  }
  bool due(std::int64_t now_us) const { return next_due_us() <= now_us; }
  // Takes the next event off the schedule: the time at which it was due.
  std::int64_t take() {
    const auto due_us = next_due_us();
    ++taken_;
    return due_us;
  }
  std::uint64_t taken() const { return taken_; }

 private:
  std::int64_t start_us_ = 0;
  double interval_us_ = 1e6;
  std::uint64_t taken_ = 0;
};

}  // namespace c4a::bench
