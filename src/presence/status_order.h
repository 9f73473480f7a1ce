#pragma once

#include <cstdint>
#include <unordered_map>

#include "base/planted_bug.h"
#include "domain/ids.h"

namespace c4a {

// Passes over live statuses that come late or again. Messages and changes have numbers by which each session sees that;
// a status has none, and for a moment two routers may decide the same commands: one that was replaced and does not know
// it, and its successor. One for all that a gateway receives; not thread-safe.
class StatusOrder {
 public:
  // `router`: who tells it, by the same name all that follows from one command. `position`: of that command. What is
  // news is remembered, one place for each lane of the log.
  bool is_news(std::uint64_t router, LogPosition position) {
    Last& last = last_[lane_of(position)];
    const bool late = position < last.position || (position == last.position && router != last.router);
    if (late && !planted(PlantedBug::kLateStatusTold)) return false;
    last = {position, router};
    return true;
  }

 private:
  struct Last {
    LogPosition position;
    std::uint64_t router = 0;
  };
  std::unordered_map<std::uint64_t, Last> last_;
};

}  // namespace c4a
