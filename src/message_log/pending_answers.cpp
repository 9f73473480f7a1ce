#include "message_log/pending_answers.h"

#include <algorithm>

namespace c4a {

std::uint64_t PendingAnswers::add(Asked& asked, Decision fallback, std::int64_t wait_ms) {
  const std::lock_guard lock(mutex_);
  if (waiting_.size() >= limit_) return 0;
  fallback.decided = false;
  waiting_.emplace(++last_, Waiting{std::move(asked), std::move(fallback), wait_ms});
  return last_;
}

std::optional<PendingAnswers::Waiting> PendingAnswers::remove(std::uint64_t request) {
  const std::lock_guard lock(mutex_);
  const auto found = waiting_.find(request);
  if (found == waiting_.end()) return std::nullopt;
  auto waiting = std::move(found->second);
  waiting_.erase(found);
  if (waiting.answered) --answered_;
  return waiting;
}

PendingAnswers::Line& PendingAnswers::line_of(std::int64_t wait_ms) {
  const auto found = std::ranges::find(lines_, wait_ms, &Line::wait_ms);
  if (found != lines_.end()) return *found;
  return lines_.emplace_back(Line{wait_ms, {}});
}

void PendingAnswers::logged(std::uint64_t request, std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  const auto found = waiting_.find(request);
  if (found == waiting_.end()) return;
  found->second.logged = true;
  line_of(found->second.wait_ms).due.push_back({now_ms + found->second.wait_ms, request});
}

void PendingAnswers::failed(std::uint64_t request, const Error& error) {
  auto waiting = remove(request);
  if (waiting && !waiting->answered) waiting->asked.done(std::unexpected(error));
}

void PendingAnswers::decided(std::uint64_t request, Result<Decision> decision) {
  auto waiting = remove(request);
  if (!waiting) return;
  Completion& hears = waiting->answered ? waiting->asked.late : waiting->asked.done;
  hears(std::move(decision));
}

void PendingAnswers::expire(std::int64_t now_ms) {
  std::vector<std::uint64_t> over;
  {
    const std::lock_guard lock(mutex_);
    for (Line& line : lines_) {
      for (; !line.due.empty() && line.due.front().at_ms <= now_ms; line.due.pop_front()) {
        over.push_back(line.due.front().request);
      }
    }
  }
  for (const std::uint64_t request : over) expire_one(request, now_ms);
}

void PendingAnswers::expire_one(std::uint64_t request, std::int64_t now_ms) {
  Completion done;
  Completion late;  // goes without the lock
  Decision fallback;
  {
    const std::lock_guard lock(mutex_);
    const auto found = waiting_.find(request);
    if (found == waiting_.end()) return;
    Waiting& waiting = found->second;
    const bool stays = !waiting.answered && waiting.asked.late;
    if (waiting.answered) {
      --answered_;
    } else {
      ++expired_;
      done = std::move(waiting.asked.done);
      fallback = std::move(waiting.fallback);
    }
    if (stays) {
      waiting.answered = true;
      ++answered_;
      line_of(MessageLog::kLateMs).due.push_back({now_ms + MessageLog::kLateMs, request});
    } else {
      late = std::move(waiting.asked.late);
      waiting_.erase(found);
    }
  }
  if (done) done(std::move(fallback));
}

void PendingAnswers::expire_all_logged() {
  {
    const std::lock_guard lock(mutex_);
    for (Line& line : lines_) {
      for (Due& due : line.due) due.at_ms = INT64_MIN;
    }
  }
  expire(INT64_MIN);
}

void PendingAnswers::fail_unlogged(std::uint64_t last, const Error& error) {
  std::vector<std::uint64_t> cut;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [request, waiting] : waiting_) {
      if (request <= last && !waiting.logged) cut.push_back(request);
    }
  }
  std::ranges::sort(cut);
  for (const std::uint64_t request : cut) failed(request, error);
}

std::uint64_t PendingAnswers::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

std::size_t PendingAnswers::size() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size() - answered_;
}

std::uint64_t PendingAnswers::expired() const {
  const std::lock_guard lock(mutex_);
  return expired_;
}

}  // namespace c4a
