#pragma once

// Whether a queue stands: for some time more has waited than its consumer works off in time. A burst is taken and
// worked off, however large; of a queue that stays, all of which is answered late, no more is kept than is done in
// time, and the excess is refused at once.
//
// Times are passed in, in ms of a steady clock. One thread calls worked(), any thread admits().

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace c4a {

class StandingQueue {
 public:
  // So many may wait however long they take: a few that are slow are no overload.
  static constexpr std::size_t kAlwaysRoom = 5'000;
  static constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

  // `in_time_ms`: how long one may wait in a queue that stands.
  explicit StandingQueue(std::int64_t in_time_ms) : in_time_ms_(static_cast<double>(in_time_ms)) {}

  // Whether one more may wait, where so many do.
  bool admits(std::size_t waiting) {
    if (waiting < room_.load(std::memory_order_relaxed)) return true;
    refused_.store(true, std::memory_order_relaxed);
    return false;
  }
  // `done` more were worked off, and `waiting` are left.
  void worked(std::uint64_t done, std::size_t waiting, std::int64_t now_ms);

 private:
  void close_stretch(double elapsed_ms);

  const double in_time_ms_;
  std::atomic<std::size_t> room_{kNoLimit};
  std::atomic<bool> refused_{false};  // any in the present stretch
  std::int64_t began_ms_ = 0;         // the present stretch of time
  std::uint64_t done_ = 0;            // in it
  std::size_t least_ = kNoLimit;
  double per_ms_ = 0;  // worked off while something waited; smoothed
  int standing_ = 0;   // stretches in a row in which too much waited all the time
};

}  // namespace c4a
