#pragma once

// How far the decisions of one gateway's commands are behind, and whether one more send would be decided in time. While
// the routers keep up, everything is taken. When decisions come late and more waits than they decide in time, sends are
// refused at once, which costs nothing, instead of waiting in a queue that only grows.
//
// Where no decisions come at all nothing is refused: then it is not too much that is asked for, but a router or the
// store is away, and the log keeps what it is given until they are back. Nor does a partition without a router have
// anybody refused while the others' decisions come soon.
//
// Times are passed in, in ms of a steady clock. Any thread may call any method.

#include <cstdint>
#include <deque>
#include <mutex>

namespace c4a {

class DecisionPace {
 public:
  // So many commands may wait however late they are: a few that are slow are no overload.
  static constexpr double kAlwaysRoom = 500;

  // `in_time_ms`: how late a decision may come and still be of use.
  explicit DecisionPace(std::int64_t in_time_ms) : in_time_ms_(static_cast<double>(in_time_ms)) {}

  // Whether a send may be taken now.
  bool admits(std::int64_t now_ms);
  // A command went into the log; requests are numbered upwards.
  void appended(std::uint64_t request, std::int64_t now_ms);
  // Its decision came, in time or not.
  void decided(std::uint64_t request, std::int64_t now_ms);

 private:
  struct Mark {
    std::int64_t at_ms;
    std::uint64_t first;  // request appended then
  };

  void look(std::int64_t now_ms);
  std::int64_t age(std::uint64_t request, std::int64_t now_ms) const;

  const double in_time_ms_;
  std::mutex mutex_;
  std::deque<Mark> marks_;       // when requests were appended, every few ms
  std::uint64_t last_ = 0;       // the newest request
  double waiting_ = 0;           // commands appended after one that is decided now; smoothed
  double lag_ms_ = 0;            // of decisions; smoothed
  double per_ms_ = 0;            // decisions; smoothed
  std::uint64_t decisions_ = 0;  // in the present stretch of time
  std::uint64_t before_ = 0;     // in the one before
  std::int64_t began_ms_ = 0;    // the present stretch
  std::int64_t decided_ms_ = 0;  // the last decision came
};

}  // namespace c4a
