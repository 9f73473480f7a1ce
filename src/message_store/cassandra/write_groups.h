#pragma once

// Writes of many threads share requests: while some are under way, those that come meanwhile wait and go together in
// the next. A request costs the servers several times what a mutation in it does, so under load their work goes down,
// and a write that meets nobody leaves at once.

#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <span>
#include <vector>

#include "base/clock.h"
#include "message_store/cassandra/batch.h"

namespace c4a::cassandra {

struct WriteGroupLimits {
  std::size_t requests = 2;        // under way and not slow, while each next one would not be full
  std::size_t full_requests = 32;  // under way, of full and of slow ones too
  std::int64_t slow_us = 50'000;   // one that hangs with its node must not hold up those that would go to others
  std::size_t writes = 32;         // in one request
  std::size_t bytes = 48 * 1024;   // of one request's cells; what is larger goes alone
};

// Any thread may call any method.
class WriteGroups {
 public:
  // Begins one request; `done` comes once, on any thread, not before `launch` returns.
  using Launch = std::function<void(const Batch& request, Done done)>;

  WriteGroups(WriteGroupLimits limits, Launch launch, const Clock& clock = system_clock())
      : limits_(limits), launch_(std::move(launch)), clock_(clock) {}

  struct Write {
    const Batch* batch;  // stays until `done`; one mutation, also in a request with others
    Done done;
  };
  // Each `done` comes once. A request that could not be carried out fails all its writes as kUnavailable; one that was
  // refused is tried again write by write, so that none is refused for another's sake. How many wait is the callers'
  // matter: each waits for its own.
  void add(std::vector<Write> writes);
  // Whoever waits for longer than `slow_us` calls this now and then: nothing here has a timer.
  void look_again() { launch_all(); }

 private:
  struct Group {
    std::vector<Write> writes;
    std::list<std::int64_t>::iterator begun;
  };

  // Takes from the front what goes together now; empty: nothing may go at present.
  Group take();
  bool may_launch() const;  // with the lock
  void launch_all();
  void finished(Group& group, const Result<RowSet>& result);

  const WriteGroupLimits limits_;
  const Launch launch_;
  const Clock& clock_;
  std::mutex lock_;
  std::deque<Write> waiting_;
  std::deque<Write> alone_;  // were in a request that was refused
  std::size_t waiting_bytes_ = 0;
  std::list<std::int64_t> under_way_;  // when each request began, oldest first
};

}  // namespace c4a::cassandra
