#include "message_log/decision_pace.h"

#include <algorithm>
#include <iterator>

namespace c4a {
namespace {

constexpr std::int64_t kMarkEveryMs = 10;
constexpr std::size_t kMarks = 6000;  // a minute; what is older is taken to be that old
constexpr std::int64_t kStretchMs = 200;
constexpr std::int64_t kSilentMs = 1000;
constexpr double kNewest = 0.3;  // the weight of the newest stretch in the rate
// Of what is in time: decisions are late from here on …
constexpr double kLate = 0.5;
// … and then no more may wait than is decided within this.
constexpr double kFull = 0.75;

}  // namespace

bool DecisionPace::admits(std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  look(now_ms);
  if (lag_ms_ <= kLate * in_time_ms_ || now_ms - decided_ms_ > kSilentMs) return true;
  return waiting_ < std::max(per_ms_ * kFull * in_time_ms_, kAlwaysRoom);
}

void DecisionPace::appended(std::uint64_t request, std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  ++waiting_;
  last_ = std::max(last_, request);
  if (!marks_.empty() && now_ms - marks_.back().at_ms < kMarkEveryMs) return;
  marks_.push_back({now_ms, request});
  if (marks_.size() > kMarks) marks_.pop_front();
}

void DecisionPace::decided(std::uint64_t request, std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  look(now_ms);
  ++decisions_;
  decided_ms_ = now_ms;
  const double weight = 1.0 / static_cast<double>(std::max({decisions_, before_, std::uint64_t{1}}));
  lag_ms_ += weight * (static_cast<double>(age(request, now_ms)) - lag_ms_);
  // One less; and what was counted is held to what is seen, as decisions may get lost on their way.
  const double seen = last_ > request ? static_cast<double>(last_ - request) : 0;
  waiting_ = std::max(waiting_ - 1 + weight * (seen - waiting_), 0.0);
}

void DecisionPace::look(std::int64_t now_ms) {
  if (now_ms - began_ms_ < kStretchMs) return;
  per_ms_ += kNewest * (static_cast<double>(decisions_) / static_cast<double>(now_ms - began_ms_) - per_ms_);
  before_ = decisions_;
  decisions_ = 0;
  began_ms_ = now_ms;
}

std::int64_t DecisionPace::age(std::uint64_t request, std::int64_t now_ms) const {
  if (marks_.empty()) return 0;
  const auto after = std::ranges::upper_bound(marks_, request, {}, &Mark::first);
  const auto appended_ms = after == marks_.begin() ? marks_.front().at_ms : std::prev(after)->at_ms;
  return std::max<std::int64_t>(now_ms - appended_ms, 0);
}

}  // namespace c4a
