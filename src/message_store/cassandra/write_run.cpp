#include "message_store/cassandra/write_run.h"

#include <algorithm>
#include <chrono>

#include "base/clock.h"

namespace c4a::cassandra {
namespace {

constexpr std::int64_t kFirstPauseUs = 20'000;
constexpr std::int64_t kLongestPauseUs = 1'000'000;
constexpr std::chrono::milliseconds kLookAgain{50};

}  // namespace

Result<> WriteRun::write(std::span<const Batch* const> batches) {
  attempts_.clear();
  waiting_.clear();
  failed_ = {};
  auto& counters = session_.counters();
  counters.writes.fetch_add(batches.size(), std::memory_order_relaxed);
  std::vector<std::size_t> all(batches.size());
  for (std::size_t i = 0; i < batches.size(); ++i) {
    all[i] = i;
    attempts_.push_back({i});
    counters.rows.fetch_add(batches[i]->statements.size(), std::memory_order_relaxed);
  }
  send(batches, all);
  while (under_way_ > 0 || (failed_ && !waiting_.empty())) {
    for (Answer& answer : wait_for_answers()) take(std::move(answer));
    if (failed_) send_due(batches);
  }
  return failed_;
}

void WriteRun::send(std::span<const Batch* const> batches, std::span<const std::size_t> which) {
  if (which.empty()) return;
  std::vector<WriteGroups::Write> writes;
  writes.reserve(which.size());
  for (const std::size_t index : which) {
    writes.push_back({batches[index], [answers = answers_, index](Result<RowSet> result) {
                        const std::lock_guard lock(answers->lock);
                        answers->list.push_back({index, std::move(result)});
                        answers->some.notify_one();
                      }});
  }
  under_way_ += which.size();
  session_.write(std::move(writes));
}

void WriteRun::send_due(std::span<const Batch* const> batches) {
  const std::int64_t now = system_clock().monotonic_us();
  std::vector<std::size_t> due;
  std::erase_if(waiting_, [&](std::size_t index) {
    if (attempts_[index].due_us > now) return false;
    due.push_back(index);
    return true;
  });
  session_.counters().retries.fetch_add(due.size(), std::memory_order_relaxed);
  send(batches, due);
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
    while (!answers_->some.wait_for(lock, kLookAgain, some)) {
      lock.unlock();
      session_.look_again();
      lock.lock();
    }
  }
  return std::exchange(answers_->list, {});
}

void WriteRun::take(Answer answer) {
  --under_way_;
  if (answer.result) return;
  Attempt& attempt = attempts_[answer.batch];
  const std::int64_t now = system_clock().monotonic_us();
  // Its time begins with its first failure: a large commit takes as long as it makes progress.
  if (attempt.failures == 0) attempt.deadline_us = now + std::int64_t{session_.options().commit_deadline_ms} * 1000;
  attempt.due_us = now + pause_us(++attempt.failures);
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
