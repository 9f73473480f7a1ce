#include "command_log.h"

#include <algorithm>

namespace c4a::simulation {

LogPosition CommandLog::append(Command command, Completion done) {
  commands_.push_back(std::move(command));
  if (done) waiting_.emplace(commands_.size(), std::move(done));
  return end();
}

void CommandLog::answer(LogPosition position, Result<Decision> decision) {
  if (!decision && decision.error().code == ErrorCode::kUnavailable) refused_.insert(position.value);
  const auto found = waiting_.find(position.value);
  if (found == waiting_.end()) return;
  Completion done = std::move(found->second);
  waiting_.erase(found);
  done(std::move(decision));
}

void CommandLog::cut(LogPosition position) {
  commands_.resize(std::min<std::size_t>(commands_.size(), position.value));
  std::erase_if(refused_, [&](std::uint64_t refused) { return refused > position.value; });
  waiting_.clear();
}

bool LogReader::next_batch(std::vector<LoggedCommand>& batch, std::size_t most) {
  const std::size_t count = std::min<std::size_t>({most, batch_limit, waiting()});
  for (std::size_t i = 0; i < count; ++i) {
    read_ = {read_.value + 1};
    batch.push_back(
        {{read_.value + generation_ * kGeneration},
         log_.at(read_),
         [&log = log_, position = read_](Result<Decision> decision) { log.answer(position, std::move(decision)); }});
  }
  return count != 0;
}

}  // namespace c4a::simulation
