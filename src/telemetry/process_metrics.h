#pragma once

// What an operator wants to know of any process, under the names that all Prometheus clients use, and which build it
// is.

#include <string_view>
#include <vector>

#include "telemetry/metrics.h"

namespace c4a {

// The version of this build, as in "2.0.0".
std::string_view build_version();

// process_resident_memory_bytes, process_virtual_memory_bytes, process_cpu_seconds_total, process_open_fds,
// process_max_fds, process_threads, process_start_time_seconds, and chat4all_build_info{version} 1. They stay on the
// page while the answer lives. Read from /proc when somebody looks.
std::vector<CallbackMetric> add_process_metrics(MetricRegistry& registry);

}  // namespace c4a
