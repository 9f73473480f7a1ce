#include "bench/process_stats.h"

#include <fmt/format.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "bench/frame_scan.h"

namespace c4a::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kListening = "0A";

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string_view after(std::string_view text, std::string_view mark) {
  const auto at = text.find(mark);
  if (at == std::string_view::npos) return {};
  text.remove_prefix(at + mark.size());
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text;
}

// The inodes of the sockets that listen on `port`, from one table of the kernel.
void listening_inodes(const char* table, std::uint16_t port, std::set<std::string>& inodes) {
  std::ifstream file(table);
  std::string line;
  std::getline(file, line);
  const auto wanted = fmt::format(":{:04X}", port);
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    std::string slot, local, remote, state, queues, timer, retransmits, uid, timeout, inode;
    fields >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> uid >> timeout >> inode;
    if (state == kListening && local.ends_with(wanted)) inodes.insert(inode);
  }
}

bool holds_socket(const fs::path& process, const std::set<std::string>& inodes) {
  std::error_code error;
  for (fs::directory_iterator entry(process / "fd", error), end; !error && entry != end; entry.increment(error)) {
    std::error_code gone;
    const auto target = fs::read_symlink(entry->path(), gone).string();
    if (target.starts_with("socket:[") && inodes.contains(target.substr(8, target.size() - 9))) return true;
  }
  return false;
}

}  // namespace

Result<ProcessSample> sample_process(pid_t pid) {
  ProcessSample sample;
  std::error_code error;
  const fs::path tasks = fmt::format("/proc/{}/task", pid);
  for (fs::directory_iterator entry(tasks, error), end; !error && entry != end; entry.increment(error)) {
    const auto text = read_file(entry->path() / "schedstat");
    const auto thread = static_cast<pid_t>(leading_number(entry->path().filename().string()).value_or(0));
    sample.thread_ns[thread] = static_cast<std::int64_t>(leading_number(text).value_or(0));
  }
  const auto stat = read_file(fmt::format("/proc/{}/stat", pid));
  const auto name_end = stat.rfind(')');
  if (name_end == std::string::npos || sample.thread_ns.empty()) {
    return fail(ErrorCode::kUnavailable, fmt::format("process {} cannot be read; is the server still running?", pid));
  }
  std::istringstream fields(stat.substr(name_end + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;  // state … cmajflt
  fields >> sample.user_ticks >> sample.system_ticks;
  return sample;
}

CpuUse cpu_between(const ProcessSample& before, const ProcessSample& after) {
  const double tick_us = 1e6 / static_cast<double>(sysconf(_SC_CLK_TCK));
  CpuUse use;
  use.user_us = static_cast<double>(after.user_ticks - before.user_ticks) * tick_us;
  use.system_us = static_cast<double>(after.system_ticks - before.system_ticks) * tick_us;
  use.total_us = use.user_us + use.system_us;
  double exact_us = 0;
  for (const auto& [thread, ns] : after.thread_ns) exact_us += static_cast<double>(ns) / 1000;
  for (const auto& [thread, ns] : before.thread_ns) {
    if (!after.thread_ns.contains(thread)) return use;
    exact_us -= static_cast<double>(ns) / 1000;
  }
  if (use.total_us > 0) {
    use.user_us *= exact_us / use.total_us;
    use.system_us *= exact_us / use.total_us;
  }
  use.total_us = exact_us;
  return use;
}

Result<ProcessMemory> memory_of(pid_t pid) {
  const auto text = read_file(fmt::format("/proc/{}/status", pid));
  const auto resident = leading_number(after(text, "VmRSS:"));
  const auto anonymous = leading_number(after(text, "RssAnon:"));
  if (!resident || !anonymous) {
    return fail(ErrorCode::kUnavailable, fmt::format("the memory of process {} cannot be read", pid));
  }
  return ProcessMemory{static_cast<std::int64_t>(*resident) * 1024, static_cast<std::int64_t>(*anonymous) * 1024};
}

Result<pid_t> process_listening_on(std::uint16_t port) {
  std::set<std::string> inodes;
  listening_inodes("/proc/net/tcp", port, inodes);
  listening_inodes("/proc/net/tcp6", port, inodes);
  if (inodes.empty()) {
    return fail(ErrorCode::kUnavailable, fmt::format("nothing listens on port {}; start the server first", port));
  }
  std::error_code error;
  for (fs::directory_iterator entry("/proc", error), end; !error && entry != end; entry.increment(error)) {
    const auto pid = leading_number(entry->path().filename().string());
    if (pid && holds_socket(entry->path(), inodes)) return static_cast<pid_t>(*pid);
  }
  return fail(ErrorCode::kUnavailable,
              fmt::format("the process on port {} cannot be seen from here; name it with --server-pid", port));
}

std::int64_t own_cpu_us() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
}

}  // namespace c4a::bench
