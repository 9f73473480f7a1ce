#include "base/memory_limit.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

namespace c4a {
namespace {

std::uint64_t physical_memory() {
  return static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

// The line of version 2 is "0::/path".
std::filesystem::path own_control_group() {
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    if (line.starts_with("0::/")) return line.substr(4);
  }
  return {};
}

}  // namespace

std::uint64_t memory_limit() {
  const std::filesystem::path root = "/sys/fs/cgroup";
  std::uint64_t limit = physical_memory();
  // A group's limit holds for all below it.
  for (std::filesystem::path group = own_control_group();; group = group.parent_path()) {
    std::ifstream file(root / group / "memory.max");
    std::uint64_t most = 0;
    if (file >> most) limit = std::min(limit, most);  // without a limit it says "max"
    if (group.empty()) return limit;
  }
}

}  // namespace c4a
