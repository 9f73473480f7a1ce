#include "gateway/http/health.h"

#include <thread>
#include <vector>

#include "base/worker_pool.h"

namespace c4a {
namespace {

constexpr std::int64_t kFreshUs = 1'000'000;

}  // namespace

std::shared_ptr<const Health::Report> Health::report() {
  const WorkerPool::Waiting others_run;
  std::unique_lock lock(mutex_);
  checked_.wait(lock, [this] { return !checking_; });
  if (latest_ && clock_.monotonic_us() - checked_at_us_ < kFreshUs) return latest_;
  checking_ = true;
  lock.unlock();
  auto report = std::make_shared<const Report>(check_all());
  lock.lock();
  checking_ = false;
  checked_at_us_ = clock_.monotonic_us();
  latest_ = std::move(report);
  checked_.notify_all();
  return latest_;
}

// All at the same time: one that hangs must not be added to the others.
Health::Report Health::check_all() const {
  Report all;
  std::vector<std::jthread> threads;
  for (const auto& [name, check] : dependencies_) {
    threads.emplace_back([this, &check, &checked = all[name]] {
      const std::int64_t begun = clock_.monotonic_us();
      checked.state = check();
      checked.latency_ms = (clock_.monotonic_us() - begun) / 1000;
    });
  }
  threads.clear();  // joins them
  return all;
}

}  // namespace c4a
