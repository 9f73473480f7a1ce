#include "message_store/cassandra/write_groups.h"

#include <algorithm>
#include <span>
#include <utility>

namespace c4a::cassandra {
namespace {

Batch joined(std::span<const WriteGroups::Write> writes) {
  Batch all;
  std::size_t rows = 0;
  std::size_t bytes = 0;
  for (const auto& write : writes) {
    rows += write.batch->statements.size();
    bytes += write.batch->cells.size();
  }
  all.statements.reserve(rows);
  all.cells.reserve(bytes);
  for (const auto& write : writes) {
    all.statements.insert(all.statements.end(), write.batch->statements.begin(), write.batch->statements.end());
    all.cells += write.batch->cells;
  }
  return all;
}

}  // namespace

void WriteGroups::add(std::vector<Write> writes) {
  {
    const std::lock_guard lock(lock_);
    for (Write& write : writes) {
      waiting_bytes_ += write.batch->cells.size();
      waiting_.push_back(std::move(write));
    }
  }
  launch_all();
}

bool WriteGroups::may_launch() const {
  const bool full = waiting_.size() >= limits_.writes || waiting_bytes_ >= limits_.bytes;
  if (full) return under_way_.size() < limits_.full_requests;
  const std::int64_t slow_since = clock_.monotonic_us() - limits_.slow_us;
  const auto young = std::ranges::count_if(under_way_, [&](std::int64_t begun) { return begun > slow_since; });
  return static_cast<std::size_t>(young) < limits_.requests && under_way_.size() < limits_.full_requests;
}

WriteGroups::Group WriteGroups::take() {
  const std::lock_guard lock(lock_);
  Group group;
  if (!may_launch()) return group;
  if (!alone_.empty()) {
    group.writes.push_back(std::move(alone_.front()));
    alone_.pop_front();
  } else {
    for (std::size_t bytes = 0; !waiting_.empty() && group.writes.size() < limits_.writes; waiting_.pop_front()) {
      Write& next = waiting_.front();
      const std::size_t size = next.batch->cells.size();
      if (!group.writes.empty() && bytes + size > limits_.bytes) break;
      bytes += size;
      waiting_bytes_ -= size;
      group.writes.push_back(std::move(next));
    }
  }
  if (!group.writes.empty()) group.begun = under_way_.insert(under_way_.end(), clock_.monotonic_us());
  return group;
}

void WriteGroups::launch_all() {
  for (Group group = take(); !group.writes.empty(); group = take()) {
    const Batch request = group.writes.size() == 1 ? Batch() : joined(group.writes);
    const Batch& sent = group.writes.size() == 1 ? *group.writes.front().batch : request;
    launch_(sent, [this, group = std::move(group)](const Result<RowSet>& result) mutable { finished(group, result); });
  }
}

void WriteGroups::finished(Group& group, const Result<RowSet>& result) {
  const bool apart = !result && result.error().code != ErrorCode::kUnavailable && group.writes.size() > 1;
  {
    const std::lock_guard lock(lock_);
    under_way_.erase(group.begun);
    if (apart) {
      for (Write& write : group.writes) alone_.push_back(std::move(write));
    }
  }
  launch_all();
  if (apart) return;
  for (Write& write : group.writes) {
    write.done(result ? Result<RowSet>(RowSet()) : Result<RowSet>(std::unexpected(result.error())));
  }
}

}  // namespace c4a::cassandra
