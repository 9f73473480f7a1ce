#include "app/data_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace c4a {

Result<std::unique_ptr<DataDirectory>> DataDirectory::hold(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("The data directory {} cannot be made ({}); choose another with --data.", path.string(),
                            error.message()));
  }
  const std::string lock_path = path / "LOCK";
  const int lock = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("The data directory {} cannot be written ({}); change its owner or mode, or choose another "
                            "with --data.",
                            path.string(), std::strerror(errno)));
  }
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    ::close(lock);
    return fail(
        ErrorCode::kUnavailable,
        fmt::format("The data directory {} is in use by another chat4all; stop it, or choose another with --data.",
                    path.string()));
  }
  return std::unique_ptr<DataDirectory>(new DataDirectory(lock));
}

DataDirectory::~DataDirectory() { ::close(lock_); }

}  // namespace c4a
