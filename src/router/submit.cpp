#include "router/submit.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <memory>

#include "base/worker_pool.h"

namespace c4a {
namespace {

constexpr std::chrono::seconds kWait{10};
// Decisions of this process come within it, and need no other thread in the waiting one's place.
constexpr std::chrono::milliseconds kSoon{20};
constexpr std::size_t kAtOnce = 256;  // of a log that refuses when too many wait

using Waiting = Result<std::future<Result<Decision>>>;

Waiting begin(MessageLog& log, Command command) {
  auto promise = std::make_shared<std::promise<Result<Decision>>>();
  auto decision = promise->get_future();
  C4A_CHECK(
      log.append(std::move(command), [promise](Result<Decision> decided) { promise->set_value(std::move(decided)); }));
  return decision;
}

bool wait(const std::future<Result<Decision>>& decision, std::chrono::steady_clock::time_point until) {
  if (decision.wait_for(kSoon) == std::future_status::ready) return true;
  const WorkerPool::Waiting others_run;
  return decision.wait_until(until) == std::future_status::ready;
}

Result<Decision> end(Waiting waiting, std::chrono::steady_clock::time_point until) {
  if (!waiting) return std::unexpected(std::move(waiting.error()));
  if (!wait(*waiting, until)) {
    return fail(Error{ErrorCode::kUnavailable, "The server is busy; look whether it happened, then try again.", {}, 1});
  }
  auto decided = waiting->get();
  if (decided && !decided->decided)
    return fail(ErrorCode::kUndecided, "The change is accepted; look again in a moment.");
  return decided;
}

}  // namespace

Result<Decision> submit(MessageLog& log, Command command) {
  return end(begin(log, std::move(command)), std::chrono::steady_clock::now() + kWait);
}

std::vector<Result<Decision>> submit_all(MessageLog& log, std::vector<Command> commands) {
  std::vector<Result<Decision>> decisions;
  decisions.reserve(commands.size());
  while (decisions.size() < commands.size()) {
    const std::size_t first = decisions.size();
    const std::size_t last = std::min(first + kAtOnce, commands.size());
    const auto until = std::chrono::steady_clock::now() + kWait;
    std::vector<Waiting> waiting;
    for (std::size_t i = first; i < last; ++i) waiting.push_back(begin(log, std::move(commands[i])));
    for (auto& one : waiting) decisions.push_back(end(std::move(one), until));
  }
  return decisions;
}

}  // namespace c4a
