#include "file_store/disk.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace c4a::disk {
namespace {

bool is_full(int error) { return error == ENOSPC || error == EDQUOT; }

std::string text_of(int error) { return std::generic_category().message(error); }

std::unexpected<Error> failed(const std::string& path, std::string_view what, int error) {
  if (is_full(error)) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("The disk is full: {} cannot be {} until there is space.", path, what));
  }
  return fail(ErrorCode::kUnavailable, fmt::format("{} cannot be {}: {}.", path, what, text_of(error)));
}

void end_process(const std::string& what) {
  fmt::print(stderr, "chat4all: {}\n", what);
  std::_Exit(1);
}

}  // namespace

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

Result<std::size_t> read_at(const File& file, std::uint64_t offset, std::span<char> into) {
  std::size_t filled = 0;
  while (filled < into.size()) {
    const ssize_t got =
        ::pread(file.fd(), into.data() + filled, into.size() - filled, static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed(file.path(), "read", errno);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  return filled;
}

Result<std::uint64_t> size_of(const File& file) {
  struct stat about{};
  if (::fstat(file.fd(), &about) != 0) return failed(file.path(), "read", errno);
  return static_cast<std::uint64_t>(about.st_size);
}

Result<std::optional<File>> open_file(const std::string& path, Access access) {
  const int fd = ::open(path.c_str(), (access == Access::kRead ? O_RDONLY : O_RDWR) | O_CLOEXEC);
  if (fd >= 0) return File(fd, path);
  if (errno == ENOENT) return std::nullopt;
  return failed(path, "opened", errno);
}

Result<bool> exists(const std::string& path) {
  if (::access(path.c_str(), F_OK) == 0) return true;
  if (errno == ENOENT) return false;
  return failed(path, "opened", errno);
}

Disk::Disk(std::function<void(const std::string& what)> on_fatal, StepHook before_step)
    : on_fatal_(on_fatal ? std::move(on_fatal) : end_process), before_step_(std::move(before_step)) {}

Result<> Disk::make_directory(const std::string& parent, const std::string& name) const {
  const std::string path = parent + "/" + name;
  if (::mkdir(path.c_str(), 0700) == 0) return sync_directory(parent);
  if (errno == EEXIST) return {};
  return failed(path, "made", errno);
}

Result<File> Disk::create(const std::string& path) const {
  if (const int error = before(Step::kCreate, path)) return failed(path, "made", error);
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return failed(path, "made", errno);
  return File(fd, path);
}

Result<> Disk::write_at(const File& file, std::uint64_t offset, std::string_view bytes) const {
  if (const int error = before(Step::kWrite, file.path())) return failed(file.path(), "written", error);
  while (!bytes.empty()) {
    const ssize_t wrote = ::pwrite(file.fd(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return failed(file.path(), "written", errno);
    offset += static_cast<std::uint64_t>(wrote);
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return {};
}

Result<> Disk::truncate(const File& file, std::uint64_t size) const {
  if (const int error = before(Step::kTruncate, file.path())) return failed(file.path(), "written", error);
  if (::ftruncate(file.fd(), static_cast<off_t>(size)) != 0) return failed(file.path(), "written", errno);
  return {};
}

Result<> Disk::rename(const std::string& from, const std::string& to) const {
  if (const int error = before(Step::kRename, from)) return failed(from, "renamed", error);
  if (::rename(from.c_str(), to.c_str()) != 0) return failed(from, "renamed", errno);
  return {};
}

Result<bool> Disk::remove(const std::string& path) const {
  if (const int error = before(Step::kRemove, path)) return failed(path, "removed", error);
  if (::unlink(path.c_str()) == 0) return true;
  if (errno == ENOENT) return false;
  return failed(path, "removed", errno);
}

Result<> Disk::sync_data(const File& file) const {
  int error = before(Step::kSync, file.path());
  if (error == 0 && ::fdatasync(file.fd()) != 0) error = errno;
  if (error == 0) return {};
  if (is_full(error)) return failed(file.path(), "written", error);
  return sync_failed(file.path(), error);
}

Result<> Disk::sync_decision(const File& file) const {
  int error = before(Step::kSync, file.path());
  if (error == 0 && ::fsync(file.fd()) != 0) error = errno;
  return error == 0 ? Result<>{} : sync_failed(file.path(), error);
}

Result<> Disk::sync_directory(const std::string& path) const {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return {};
  if (fd < 0) return failed(path, "opened", errno);
  return sync_decision(File(fd, path));
}

Result<> Disk::sync_failed(const std::string& path, int error) const {
  on_fatal_(
      fmt::format("Writing to {} failed ({}). Whether the data is on the disk is not known, so the process ends; the "
                  "next start reads what is.",
                  path, text_of(error)));
  return failed(path, "written", error);
}

}  // namespace c4a::disk
