#pragma once

// The workloads. Each reads its flags, then does its work and says what it found.

#include <string_view>
#include <vector>

#include "base/result.h"
#include "bench/flags.h"
#include "bench/report.h"

namespace c4a::bench {

using RunWorkload = Result<Report> (*)(Flags& flags);

struct Workload {
  std::string_view name;
  std::string_view purpose;
  RunWorkload run;
};

// In the order in which help and tables name them.
const std::vector<Workload>& workloads();

Result<Report> run_ws_pairs(Flags& flags);
Result<Report> run_post(Flags& flags);
Result<Report> run_group(Flags& flags);
Result<Report> run_idle(Flags& flags);
Result<Report> run_catch_up(Flags& flags);
Result<Report> run_restart(Flags& flags);
Result<Report> run_growth(Flags& flags);
Result<Report> run_overload(Flags& flags);
Result<Report> run_soak(Flags& flags);

}  // namespace c4a::bench
