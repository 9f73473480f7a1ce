#include "message_store/cassandra/write_run.h"

#include <algorithm>
#include <chrono>

#include "base/clock.h"

namespace c4a::cassandra {
namespace {

constexpr std::int64_t kFirstPauseUs = 20'000;
constexpr std::int64_t kLongestPauseUs = 1'000'000;

}  // namespace

Result<> WriteRun::write(std::span<const Batch> batches) {
  attempts_.clear();
  waiting_.clear();
  failed_ = {};
  const std::int64_t deadline = std::int64_t{session_.options().commit_deadline_ms} * 1000;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    // Its time begins with its first try: a large commit takes as long as it makes progress.
    attempts_.push_back({i, 0, system_clock().monotonic_us() + deadline, 0});
    auto& counters = session_.counters();
    counters.writes.fetch_add(1, std::memory_order_relaxed);
    counters.rows.fetch_add(batches[i].statements.size(), std::memory_order_relaxed);
    if (batches[i].statements.size() > 1) counters.batches.fetch_add(1, std::memory_order_relaxed);
    send(batches[i], i);
  }
  while (under_way_ > 0 || (failed_ && !waiting_.empty())) {
    for (Answer& answer : wait_for_answers()) take(std::move(answer));
    if (failed_) send_due(batches);
  }
  return failed_;
}

void WriteRun::send(const Batch& batch, std::size_t index) {
  ++under_way_;
  session_.send(batch, [answers = answers_, index](Result<RowSet> result) {
    const std::lock_guard lock(answers->lock);
    answers->list.push_back({index, std::move(result)});
    answers->some.notify_one();
  });
}

void WriteRun::send_due(std::span<const Batch> batches) {
  const std::int64_t now = system_clock().monotonic_us();
  std::vector<std::size_t> due;
  std::erase_if(waiting_, [&](std::size_t index) {
    if (attempts_[index].due_us > now) return false;
    due.push_back(index);
    return true;
  });
  for (const std::size_t index : due) {
    session_.counters().retries.fetch_add(1, std::memory_order_relaxed);
    send(batches[index], index);
  }
}

// Until there is one, or a try is due.
std::vector<WriteRun::Answer> WriteRun::wait_for_answers() {
  std::unique_lock lock(answers_->lock);
  const auto some = [this] { return !answers_->list.empty(); };
  if (failed_ && !waiting_.empty()) {
    std::int64_t due = attempts_[waiting_.front()].due_us;
    for (const std::size_t index : waiting_) due = std::min(due, attempts_[index].due_us);
    const std::int64_t wait = std::max<std::int64_t>(due - system_clock().monotonic_us(), 0);
    answers_->some.wait_for(lock, std::chrono::microseconds(wait), some);
  } else {
    answers_->some.wait(lock, some);
  }
  return std::exchange(answers_->list, {});
}

void WriteRun::take(Answer answer) {
  --under_way_;
  if (answer.result) return;
  Attempt& attempt = attempts_[answer.batch];
  attempt.due_us = system_clock().monotonic_us() + pause_us(++attempt.failures);
  if (answer.result.error().code == ErrorCode::kUnavailable && attempt.due_us < attempt.deadline_us) {
    waiting_.push_back(answer.batch);
  } else if (failed_) {
    failed_ = std::unexpected(std::move(answer.result.error()));
  }
}

std::int64_t WriteRun::pause_us(int failures) {
  const std::int64_t longest = std::min(kFirstPauseUs << std::min(failures - 1, 10), kLongestPauseUs);
  return longest / 2 + static_cast<std::int64_t>(random_()) % (longest / 2);
}

}  // namespace c4a::cassandra
