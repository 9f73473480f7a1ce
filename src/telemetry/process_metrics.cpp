#include "telemetry/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <string>

namespace c4a {
namespace {

// Fields of /proc/self/stat by their number in proc(5).
enum StatField : std::size_t {
  kUserTicks = 14,
  kSystemTicks = 15,
  kThreads = 20,
  kStartTicks = 22,
  kVirtualBytes = 23,
  kResidentPages = 24
};

// The field, or 0 where it cannot be read.
double stat_field(StatField wanted) {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  // The second field is the program's name, which may hold blanks and brackets: count from its end.
  const auto name_end = line.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::size_t start = name_end + 1;
  for (std::size_t field = 2; field + 1 < wanted && start != std::string::npos; ++field)
    start = line.find(' ', start + 1);
  if (start == std::string::npos) return 0;
  double value = 0;
  std::from_chars(line.data() + start + 1, line.data() + line.size(), value);
  return value;
}

double seconds(double ticks) { return ticks / static_cast<double>(sysconf(_SC_CLK_TCK)); }

double boot_time_seconds() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;) {
    double value = 0;
    if (word == "btime" && file >> value) return value;
  }
  return 0;
}

double open_fds() {
  std::error_code failure;
  const std::filesystem::directory_iterator entries("/proc/self/fd", failure);
  if (failure) return 0;
  // One of them is the directory being read.
  return static_cast<double>(std::distance(begin(entries), end(entries)) - 1);
}

double max_fds() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<double>(limit.rlim_cur) : 0;
}

}  // namespace

std::string_view build_version() { return C4A_VERSION; }

std::vector<CallbackMetric> add_process_metrics(MetricRegistry& registry) {
  std::vector<CallbackMetric> metrics;
  const auto gauge = [&](std::string_view name, std::string_view help, std::function<double()> read) {
    metrics.push_back(registry.callback_gauge(name, help, std::move(read)));
  };
  gauge("process_resident_memory_bytes", "Resident memory of the process.",
        [] { return stat_field(kResidentPages) * static_cast<double>(sysconf(_SC_PAGESIZE)); });
  gauge("process_virtual_memory_bytes", "Virtual memory of the process.", [] { return stat_field(kVirtualBytes); });
  gauge("process_threads", "Threads of the process.", [] { return stat_field(kThreads); });
  gauge("process_open_fds", "Open file descriptors.", open_fds);
  gauge("process_max_fds", "The most file descriptors that may be open.", max_fds);
  gauge("process_start_time_seconds", "When the process started, in seconds since the Unix epoch.",
        [at = boot_time_seconds() + seconds(stat_field(kStartTicks))] { return at; });
  metrics.push_back(registry.callback_counter("process_cpu_seconds_total", "CPU time used, user and system.", [] {
    return seconds(stat_field(kUserTicks) + stat_field(kSystemTicks));
  }));
  metrics.push_back(registry.callback_gauge("chat4all_build_info", "1, with the version as a label.",
                                            [] { return 1.0; }, {{"version", std::string(build_version())}}));
  return metrics;
}

}  // namespace c4a
