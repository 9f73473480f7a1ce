#include "message_store/wal_list.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "message_store/crc32c.h"

namespace c4a::rocks {
namespace {

constexpr const char* kFileName = "LOGS";
constexpr const char* kHeader = "chat4all-logs 1";

std::unexpected<Error> damaged(const std::string& path, const std::string& why) {
  return fail(ErrorCode::kCorrupt, fmt::format("{} {}; restore a backup of the data directory.", path, why));
}

// 0 or errno. What the file held before is overwritten in its own blocks.
int write_synced(const std::string& path, const std::string& content) {
  const int file = ::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
  if (file < 0) return errno;
  const bool written = ::write(file, content.data(), content.size()) == static_cast<ssize_t>(content.size());
  const bool synced = written && ::ftruncate(file, static_cast<off_t>(content.size())) == 0 && ::fsync(file) == 0;
  const int error = synced ? 0 : (written ? errno : ENOSPC);
  ::close(file);
  return error;
}

int sync_folder(const std::string& directory) {
  const int folder = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return errno;
  const int error = ::fsync(folder) == 0 ? 0 : errno;
  ::close(folder);
  return error;
}

// Two files that change places, so that a list is written although the disk is full. 0 or errno.
int replace_file(const std::string& directory, const std::string& content) {
  const std::string path = directory + "/" + kFileName;
  const std::string fresh = path + ".new";
  if (const int error = write_synced(fresh, content); error != 0) return error;
  if (::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, path.c_str(), RENAME_EXCHANGE) != 0) {
    // There is no list yet, or the file system cannot exchange.
    if (::rename(fresh.c_str(), path.c_str()) != 0) return errno;
    write_synced(fresh, content);  // its blocks are what the next one needs; without them it only may fail
  }
  return sync_folder(directory);
}

}  // namespace

Result<WalList> WalList::load(const std::string& directory) {
  WalList list(directory);
  const std::string path = directory + "/" + kFileName;
  std::ifstream in(path);
  if (!in) return list;
  std::stringstream whole;
  whole << in.rdbuf();
  const std::string content = whole.str();
  // The last line is the checksum of the others.
  const auto last_line = content.rfind("crc ");
  std::uint32_t stored = 0;
  if (last_line == std::string::npos || !(std::istringstream(content.substr(last_line + 4)) >> stored) ||
      crc32c(std::string_view(content).substr(0, last_line)) != stored) {
    return damaged(path, "is damaged");
  }
  std::istringstream lines(content.substr(0, last_line));
  std::string line;
  if (!std::getline(lines, line) || line != kHeader) return damaged(path, "is of a version that is not known here");
  std::string name;
  std::uint64_t bytes = 0;
  while (lines >> name >> bytes) {
    if (!std::filesystem::exists(directory + "/" + name)) {
      return damaged(directory + "/" + name, "is gone, and with it what was acknowledged");
    }
    list.logs_[name] = bytes;
  }
  return list;
}

int WalList::begin(const std::string& name, const std::string& before, std::uint64_t synced_bytes) {
  if (const auto found = logs_.find(before); found != logs_.end()) found->second = synced_bytes;
  logs_[name] = 0;
  const int error = save();
  if (error != 0) logs_.erase(name);  // it will not be used
  return error;
}

int WalList::drop(const std::string& name) { return logs_.erase(name) == 0 ? 0 : save(); }

std::uint64_t WalList::required_bytes(const std::string& name) const {
  const auto found = logs_.find(name);
  return found == logs_.end() ? 0 : found->second;
}

int WalList::save() const {
  std::string content = std::string(kHeader) + "\n";
  for (const auto& [name, bytes] : logs_) content += fmt::format("{} {}\n", name, bytes);
  content += fmt::format("crc {}\n", crc32c(content));
  return replace_file(directory_, content);
}

}  // namespace c4a::rocks
