#pragma once

// A stretch of time over which CPU is accounted, the server's apart from the generator's.

#include <cstdint>

#include "base/result.h"
#include "bench/poller.h"
#include "bench/process_stats.h"

namespace c4a::bench {

class CostWindow {
 public:
  // Opens the window now. Fails with: kUnavailable, when the process cannot be read.
  static Result<CostWindow> open(pid_t server) {
    C4A_TRY(auto sample, sample_process(server));
    return CostWindow(server, std::move(sample));
  }

  // Ends it now; read the results after.
  Result<void> close() {
    own_us_ = static_cast<double>(own_cpu_us() - own_start_us_);
    seconds_ = static_cast<double>(now_us() - start_us_) / 1e6;
    C4A_TRY(const auto sample, sample_process(server_pid_));
    server_ = cpu_between(before_, sample);
    return {};
  }

  double seconds() const { return seconds_; }
  double own_us() const { return own_us_; }
  const CpuUse& server() const { return server_; }

 private:
  CostWindow(pid_t server, ProcessSample sample)
      : server_pid_(server), before_(std::move(sample)), start_us_(now_us()), own_start_us_(own_cpu_us()) {}

  pid_t server_pid_;
  ProcessSample before_;
  std::int64_t start_us_;
  std::int64_t own_start_us_;
  double seconds_ = 0;
  double own_us_ = 0;
  CpuUse server_;
};

}  // namespace c4a::bench
