#pragma once

// How the dependencies of this process are, for /health. However many ask, each dependency is asked at most once a
// second, so nobody who calls /health costs the servers behind it more than that. Any thread.

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace c4a {

// Whether a dependency works; an error's detail says what is wrong with it. May block for some seconds.
using HealthCheck = std::function<Result<>()>;

class Health {
 public:
  struct Checked {
    Result<> state;
    std::int64_t latency_ms = 0;
  };
  using Report = std::map<std::string, Checked>;

  Health(std::map<std::string, HealthCheck> dependencies, const Clock& clock)
      : dependencies_(std::move(dependencies)), clock_(clock) {}

  // Not older than a second. Blocks until every dependency has answered: for worker threads.
  std::shared_ptr<const Report> report();

 private:
  Report check_all() const;

  const std::map<std::string, HealthCheck> dependencies_;
  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable checked_;
  bool checking_ = false;
  std::int64_t checked_at_us_ = 0;
  std::shared_ptr<const Report> latest_;
};

}  // namespace c4a
