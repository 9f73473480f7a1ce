#include "message_log/queue_message_log.h"

#include <algorithm>
#include <iterator>

namespace c4a {

QueueMessageLog::QueueMessageLog(Options options)
    : options_(options), last_(options.last.value), committed_(options.last.value) {}

Result<> QueueMessageLog::append(Command command, Completion done) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return fail(ErrorCode::kUnavailable, "The server is stopping; connect again in a moment.");
    if (waiting() >= options_.waiting_limit) {
      Error error{ErrorCode::kOverloaded, "Too many commands are waiting; try again in a second.", {}, 1};
      return fail(std::move(error));
    }
    const LogPosition position{last_.load(std::memory_order_relaxed) + 1};
    queue_.push_back({position, std::move(command), std::move(done)});
    last_.store(position.value, std::memory_order_relaxed);
    wake = std::exchange(consumer_waits_, false);
  }
  if (wake) arrived_.notify_one();
  return {};
}

bool QueueMessageLog::next_batch(std::vector<LoggedCommand>& batch, std::size_t most) {
  std::unique_lock lock(mutex_);
  while (queue_.empty() && !stopped_) {
    consumer_waits_ = true;
    arrived_.wait(lock);
  }
  if (queue_.empty()) return false;
  if (batch.empty() && taken_ == 0 && queue_.size() <= most) {
    batch.swap(queue_);
    return true;
  }
  const auto from = queue_.begin() + static_cast<std::ptrdiff_t>(taken_);
  const auto count = std::min<std::size_t>(most, queue_.size() - taken_);
  std::move(from, from + static_cast<std::ptrdiff_t>(count), std::back_inserter(batch));
  taken_ += count;
  if (taken_ == queue_.size()) {
    queue_.clear();
    taken_ = 0;
  }
  return true;
}

void QueueMessageLog::committed(LogPosition position) { committed_.store(position.value, std::memory_order_relaxed); }

void QueueMessageLog::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    consumer_waits_ = false;
  }
  arrived_.notify_all();
}

std::size_t QueueMessageLog::waiting() const {
  const std::uint64_t committed = committed_.load(std::memory_order_relaxed);
  const std::uint64_t last = last_.load(std::memory_order_relaxed);
  return last > committed ? last - committed : 0;
}

}  // namespace c4a
