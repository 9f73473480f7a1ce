#pragma once

// What a system of several processes used over a stretch of time: the CPU of processes in groups that one names, and
// the counters that its processes show at /metrics.

#include <map>
#include <string>
#include <vector>

#include "bench/flags.h"
#include "bench/poller.h"
#include "bench/process_stats.h"
#include "bench/report.h"

namespace c4a::bench {

class Accounts {
 public:
  // --accounts and --counters; nothing where neither is given. Fails with: kInvalidRequest.
  static Result<Accounts> from(Flags& flags);

  // Fail with: kUnavailable, where a process or its /metrics cannot be read. `poller` is turned meanwhile.
  Result<void> open(Poller& poller) { return sample(poller, before_); }
  Result<void> close(Poller& poller) { return sample(poller, after_); }
  // Between the two, for each of `count` messages.
  void report(Report& report, double count) const;

 private:
  using Counters = std::map<std::string, double, std::less<>>;
  struct Sample {
    std::map<std::string, std::vector<ProcessSample>> processes;  // by group
    Counters counters;                                            // summed over the processes
  };
  Result<void> sample(Poller& poller, Sample& into) const;
  double moved(std::string_view counter) const;

  std::map<std::string, std::vector<pid_t>> groups_;
  std::vector<Endpoint> pages_;
  Sample before_;
  Sample after_;
};

// Adds the values of a page in Prometheus' text format to `sums`, series with labels left out.
void add_counters(std::string_view page, std::map<std::string, double, std::less<>>& sums);

}  // namespace c4a::bench
