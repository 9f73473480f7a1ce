#include "message_log/pending_answers.h"

#include <algorithm>

namespace c4a {

std::uint64_t PendingAnswers::add(Completion& done, Decision fallback, std::int64_t wait_ms) {
  const std::lock_guard lock(mutex_);
  if (waiting_.size() >= limit_) return 0;
  fallback.decided = false;
  waiting_.emplace(++last_, Waiting{std::move(done), std::move(fallback), wait_ms, false});
  return last_;
}

std::optional<PendingAnswers::Waiting> PendingAnswers::remove(std::uint64_t request) {
  const std::lock_guard lock(mutex_);
  const auto found = waiting_.find(request);
  if (found == waiting_.end()) return std::nullopt;
  auto waiting = std::move(found->second);
  waiting_.erase(found);
  return waiting;
}

Completion PendingAnswers::take_back(std::uint64_t request) {
  auto waiting = remove(request);
  return waiting ? std::move(waiting->done) : Completion{};
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
  if (auto waiting = remove(request)) waiting->done(std::unexpected(error));
}

void PendingAnswers::decided(std::uint64_t request, Result<Decision> decision) {
  if (auto waiting = remove(request)) waiting->done(std::move(decision));
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
  for (const std::uint64_t request : over) {
    auto waiting = remove(request);
    if (!waiting) continue;
    {
      const std::lock_guard lock(mutex_);
      ++expired_;
    }
    waiting->done(std::move(waiting->fallback));
  }
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
  return waiting_.size();
}

std::uint64_t PendingAnswers::expired() const {
  const std::lock_guard lock(mutex_);
  return expired_;
}

}  // namespace c4a
