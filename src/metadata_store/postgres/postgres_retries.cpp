#include "metadata_store/postgres/postgres_retries.h"

#include <random>

namespace c4a {

using std::chrono::microseconds;

microseconds postgres_backoff(int attempt, microseconds first, microseconds longest, std::uint64_t random) {
  const std::int64_t grown = first.count() << std::clamp(attempt, 0, 20);
  const std::int64_t limit = std::min(grown, longest.count());
  return microseconds(static_cast<std::int64_t>(random % static_cast<std::uint64_t>(limit + 1)));
}

std::uint64_t postgres_random() {
  thread_local std::mt19937_64 generator{std::random_device{}()};
  return generator();
}

bool PostgresRetries::again(PostgresTrouble trouble, bool harmless) {
  paused_ = trouble == PostgresTrouble::kConflict;
  switch (trouble) {
    case PostgresTrouble::kConflict:
      return ++conflicts_ <= kMaxConflicts;
    case PostgresTrouble::kStale:
      return ++reconnects_ <= kMaxReconnects;
    case PostgresTrouble::kLost:
      return harmless && ++reconnects_ <= kMaxReconnects;
    case PostgresTrouble::kNone:
    case PostgresTrouble::kUnknown:
    case PostgresTrouble::kFailed:
      return false;
  }
  return false;
}

microseconds PostgresRetries::pause(std::uint64_t random) const {
  if (!paused_) return microseconds(0);
  return postgres_backoff(conflicts_, microseconds(1000), microseconds(64'000), random);
}

bool PostgresConnectGate::try_enter(PostgresDeadline now) {
  if (failures_ == 0) return true;
  if (probing_ || now < next_) return false;
  probing_ = true;
  return true;
}

void PostgresConnectGate::succeeded() {
  failures_ = 0;
  probing_ = false;
}

void PostgresConnectGate::failed(PostgresDeadline now, std::uint64_t random) {
  // Many that connect at once fail at once: that is one failure.
  if (failures_ > 0 && !probing_) return;
  // At least half of the pause, or a crowd would try again at once.
  const auto half = std::min<microseconds>(kFirstPause * (1 << std::min(failures_, 10)), kLongestPause) / 2;
  next_ = now + half + microseconds(static_cast<std::int64_t>(random % static_cast<std::uint64_t>(half.count() + 1)));
  ++failures_;
  probing_ = false;
}

}  // namespace c4a
