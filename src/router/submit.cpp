#include "router/submit.h"

#include <chrono>
#include <future>
#include <memory>

namespace c4a {

Result<Decision> submit(MessageLog& log, Command command) {
  auto promise = std::make_shared<std::promise<Result<Decision>>>();
  auto decision = promise->get_future();
  C4A_CHECK(
      log.append(std::move(command), [promise](Result<Decision> decided) { promise->set_value(std::move(decided)); }));
  if (decision.wait_for(std::chrono::seconds(10)) != std::future_status::ready) {
    return fail(Error{ErrorCode::kUnavailable, "The server is busy; look whether it happened, then try again.", {}, 1});
  }
  auto decided = decision.get();
  if (decided && !decided->decided)
    return fail(ErrorCode::kUndecided, "The change is accepted; look again in a moment.");
  return decided;
}

}  // namespace c4a
