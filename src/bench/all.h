#pragma once

// `bench all`: every workload on a fresh server of its own, several times, and one table of medians.

#include "bench/flags.h"

namespace c4a::bench {

// The exit code, as of run_bench.
int run_all(Flags& flags);

}  // namespace c4a::bench
