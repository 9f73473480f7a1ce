#pragma once

// What a process has used, as the kernel counts it: the server's cost, apart from the generator's.

#include <sys/types.h>

#include <cstdint>
#include <map>

#include "base/result.h"

namespace c4a::bench {

struct ProcessSample {
  std::map<pid_t, std::int64_t> thread_ns;  // run time of each live thread (schedstat), to the nanosecond
  std::int64_t user_ticks = 0;              // of the whole process, threads that ended included (stat)
  std::int64_t system_ticks = 0;
};

struct CpuUse {
  double total_us = 0;
  double user_us = 0;  // split in ticks of 10 ms, scaled to the total
  double system_us = 0;
};

// Fails with: kUnavailable, when there is no such process.
Result<ProcessSample> sample_process(pid_t pid);

// What was used between two samples. Exact while no thread ended in between; in ticks otherwise.
CpuUse cpu_between(const ProcessSample& before, const ProcessSample& after);

// The memory of a process that is in RAM, and its anonymous part (heap and stacks). Bytes.
struct ProcessMemory {
  std::int64_t resident = 0;
  std::int64_t anonymous = 0;
};
Result<ProcessMemory> memory_of(pid_t pid);

// The process that listens on a local TCP port. Fails with: kUnavailable.
Result<pid_t> process_listening_on(std::uint16_t port);

// CPU time of this process, all threads.
std::int64_t own_cpu_us();

}  // namespace c4a::bench
