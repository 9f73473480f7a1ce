#pragma once

// The commands of one gateway that wait for their router's decision. A command is answered once: by the decision; by a
// fallback, when the log has it and no decision came in time; or by the log's failure. Who asked to hear a decision
// that comes later still gets it, within MessageLog::kLateMs. No thread and no clock of its own: times are passed in,
// in ms of a steady clock. Any thread may call any method; completions run on the caller's.

#include <cstdint>
#include <deque>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "message_log/message_log.h"

namespace c4a {

class PendingAnswers {
 public:
  explicit PendingAnswers(std::size_t limit) : limit_(limit) {}

  struct Asked {
    Completion done;
    Completion late;  // may be empty
  };

  // Answers the request's number; 0 where too many wait already, and `asked` is untouched then. `wait_ms`: how long the
  // decision may take once the log has the command. `fallback` has what can be said without it.
  std::uint64_t add(Asked& asked, Decision fallback, std::int64_t wait_ms);
  // It did not enter the log after all, and nothing was called.
  void take_back(std::uint64_t request) { (void)remove(request); }

  // The log has it for good.
  void logged(std::uint64_t request, std::int64_t now_ms);
  void failed(std::uint64_t request, const Error& error);
  // Also before `logged`: routers may be faster than the log's answer. Unknown requests are ignored.
  void decided(std::uint64_t request, Result<Decision> decision);

  // Answers those whose time is over. Call every few ms.
  void expire(std::int64_t now_ms);
  // No decisions arrive at present: whoever waits for one gets the fallback.
  void expire_all_logged();
  // The log will not answer for those up to `last` that it has not answered for yet.
  void fail_unlogged(std::uint64_t last, const Error& error);
  // The newest request's number.
  std::uint64_t last() const;

  // Not answered yet.
  std::size_t size() const;
  std::uint64_t expired() const;

 private:
  struct Waiting {
    Asked asked;
    Decision fallback;
    std::int64_t wait_ms = 0;
    bool logged = false;
    bool answered = false;  // by the fallback: only `late` is left
  };
  struct Due {
    std::int64_t at_ms;
    std::uint64_t request;
  };
  // Deadlines of one length of waiting: first in, first due.
  struct Line {
    std::int64_t wait_ms;
    std::deque<Due> due;
  };

  Line& line_of(std::int64_t wait_ms);
  // The time of this one is over.
  void expire_one(std::uint64_t request, std::int64_t now_ms);
  std::optional<Waiting> remove(std::uint64_t request);

  const std::size_t limit_;
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, Waiting> waiting_;
  std::vector<Line> lines_;  // few: one for each wait_ms in use
  std::uint64_t last_ = 0;
  std::uint64_t expired_ = 0;
  std::size_t answered_ = 0;  // of those in waiting_
};

}  // namespace c4a
