#include "message_log/queue_message_log.h"

#include <algorithm>
#include <iterator>

#include "base/clock.h"

namespace c4a {
namespace {

std::unexpected<Error> too_many() {
  Error error{ErrorCode::kOverloaded, "Too many commands are waiting; try again in a second.", {}, 1};
  return fail(std::move(error));
}

}  // namespace

QueueMessageLog::QueueMessageLog(Options options)
    : options_(options), last_(options.last.value), committed_(options.last.value) {}

Result<> QueueMessageLog::admits_send() {
  const std::size_t now = waiting();
  if (now < options_.waiting_limit && standing_.admits(now)) return {};
  shed_.fetch_add(1, std::memory_order_relaxed);
  return too_many();
}

Result<> QueueMessageLog::append(Command command, Completion done) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return fail(ErrorCode::kUnavailable, "The server is stopping; connect again in a moment.");
    if (waiting() >= options_.waiting_limit) return too_many();
    const LogPosition position{last_.load(std::memory_order_relaxed) + 1};
    queue_.push_back({position, std::move(command), std::move(done)});
    last_.store(position.value, std::memory_order_relaxed);
    wake = std::exchange(consumer_waits_, false);
  }
  if (wake) arrived_.notify_one();
  return {};
}

bool QueueMessageLog::next_batch(std::vector<LoggedCommand>& batch, std::size_t most) {
  if (taken_ == taking_.size()) {
    taking_.clear();
    taken_ = 0;
    std::unique_lock lock(mutex_);
    while (queue_.empty() && !stopped_) {
      consumer_waits_ = true;
      arrived_.wait(lock);
    }
    taking_.swap(queue_);
  }
  if (taking_.empty()) return false;
  if (batch.empty() && taken_ == 0 && taking_.size() <= most) {
    batch.swap(taking_);
    return true;
  }
  const auto from = taking_.begin() + static_cast<std::ptrdiff_t>(taken_);
  const auto count = std::min<std::size_t>(most, taking_.size() - taken_);
  std::move(from, from + static_cast<std::ptrdiff_t>(count), std::back_inserter(batch));
  taken_ += count;
  return true;
}

void QueueMessageLog::committed(LogPosition position) {
  const auto before = committed_.exchange(position.value, std::memory_order_relaxed);
  standing_.worked(position.value - before, waiting(), system_clock().monotonic_us() / 1000);
}

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
