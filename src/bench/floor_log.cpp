#include "bench/floor_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

namespace c4a::bench {
namespace {

constexpr std::size_t kStep = 1U << 20U;

[[noreturn]] void stop(const char* doing) {
  fmt::print(stderr, "the floor cannot {} its log: {}\n", doing, strerror(errno));
  std::_Exit(1);
}

}  // namespace

Result<FloorLog> FloorLog::open(const std::string& folder, std::size_t file_bytes) {
  const auto path = fmt::format("{}/floor-{}.log", folder, getpid());
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return fail(ErrorCode::kUnavailable, fmt::format("cannot create {}: {}", path, strerror(errno)));
  unlink(path.c_str());
  // Written once, so that every block exists before the measurement.
  const std::vector<char> zeros(kStep);
  for (std::size_t at = 0; at < file_bytes; at += kStep) {
    if (pwrite(fd, zeros.data(), kStep, static_cast<off_t>(at)) != static_cast<ssize_t>(kStep)) stop("fill");
  }
  if (fsync(fd) != 0) stop("sync");
  return FloorLog(fd, file_bytes);
}

FloorLog::FloorLog(FloorLog&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      file_bytes_(other.file_bytes_),
      position_(other.position_),
      syncs_(other.syncs_),
      waiting_(std::move(other.waiting_)) {}

FloorLog::~FloorLog() {
  if (fd_ >= 0) close(fd_);
}

void FloorLog::sync() {
  std::string_view rest = waiting_;
  while (!rest.empty()) {
    if (position_ == file_bytes_) position_ = 0;
    const auto part = rest.substr(0, file_bytes_ - position_);
    const auto put = pwrite(fd_, part.data(), part.size(), static_cast<off_t>(position_));
    if (put <= 0) stop("write");
    position_ += static_cast<std::size_t>(put);
    rest.remove_prefix(static_cast<std::size_t>(put));
  }
  if (fdatasync(fd_) != 0) stop("sync");
  ++syncs_;
  waiting_.clear();
}

}  // namespace c4a::bench
