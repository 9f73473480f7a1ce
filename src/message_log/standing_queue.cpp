#include "message_log/standing_queue.h"

#include <algorithm>
#include <utility>

namespace c4a {
namespace {

constexpr std::int64_t kStretchMs = 100;
constexpr std::int64_t kHaltMs = 500;  // so long a stretch tells of a pause, not of a rate
constexpr int kStands = 3;             // stretches
constexpr double kNewest = 0.3;        // the weight of the newest stretch in the rate

}  // namespace

void StandingQueue::worked(std::uint64_t done, std::size_t waiting, std::int64_t now_ms) {
  done_ += done;
  least_ = std::min(least_, waiting);
  if (now_ms - began_ms_ < kStretchMs) return;
  close_stretch(static_cast<double>(now_ms - std::exchange(began_ms_, now_ms)));
  done_ = 0;
  least_ = kNoLimit;
}

void StandingQueue::close_stretch(double elapsed_ms) {
  const bool refused = refused_.exchange(false, std::memory_order_relaxed);
  if ((least_ == 0 && !refused) || elapsed_ms > kHaltMs) {
    standing_ = 0;
    per_ms_ = 0;
    room_ = kNoLimit;
    return;
  }
  const double rate = static_cast<double>(done_) / elapsed_ms;
  per_ms_ = per_ms_ == 0 ? rate : per_ms_ + kNewest * (rate - per_ms_);
  const double room = std::max(per_ms_ * in_time_ms_, static_cast<double>(kAlwaysRoom));
  // Once it is held short, the refusals tell that it would stand.
  standing_ = refused || static_cast<double>(least_) > room ? std::min(standing_ + 1, kStands) : 0;
  room_ = standing_ == kStands ? static_cast<std::size_t>(room) : kNoLimit;
}

}  // namespace c4a
