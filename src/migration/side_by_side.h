#pragma once

// Work on many things by a few threads. The one that finds them waits while too many are not done yet; the first error
// ends it all.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/result.h"

namespace c4a {

template <class Thing>
class SideBySide {
 public:
  SideBySide(int threads, std::function<Result<>(const Thing&)> work) : work_(std::move(work)) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
  }
  ~SideBySide() { (void)finish(); }
  SideBySide(const SideBySide&) = delete;
  SideBySide& operator=(const SideBySide&) = delete;

  // Fails with what an earlier one failed with.
  Result<> add(const Thing& thing) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_.size() < kMostWaiting || !outcome_; });
    if (!outcome_) return outcome_;
    waiting_.push_back(thing);
    changed_.notify_all();
    return {};
  }

  // Waits for all of them.
  Result<> finish() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_all();
    threads_.clear();  // they are joined
    return outcome_;
  }

 private:
  static constexpr std::size_t kMostWaiting = 64;

  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return !waiting_.empty() || ended_ || !outcome_; });
      if (waiting_.empty() || !outcome_) return;
      const Thing thing = std::move(waiting_.front());
      waiting_.pop_front();
      changed_.notify_all();
      lock.unlock();
      auto done = work_(thing);
      lock.lock();
      if (!done && outcome_) outcome_ = std::move(done);
      changed_.notify_all();
    }
  }

  const std::function<Result<>(const Thing&)> work_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Thing> waiting_;
  bool ended_ = false;
  Result<> outcome_;
  std::vector<std::jthread> threads_;  // last: they use the others
};

}  // namespace c4a
