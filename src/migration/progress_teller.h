#pragma once

#include <mutex>

#include "base/clock.h"
#include "migration/copy.h"

namespace c4a {

// Adds up what several threads did, and tells of it once a second.
class ProgressTeller {
 public:
  explicit ProgressTeller(const TellProgress& tell) : tell_(tell), told_us_(system_clock().monotonic_us()) {}

  void add(const MoveProgress& more) {
    const std::lock_guard lock(mutex_);
    so_far_.conversations += more.conversations;
    so_far_.messages += more.messages;
    so_far_.users += more.users;
    const std::int64_t now_us = system_clock().monotonic_us();
    if (!tell_ || now_us - told_us_ < 1'000'000) return;
    told_us_ = now_us;
    tell_(so_far_);
  }

 private:
  const TellProgress& tell_;
  std::mutex mutex_;
  MoveProgress so_far_;
  std::int64_t told_us_;
};

}  // namespace c4a
