#pragma once

// A server of our own to measure: started on a free port with fresh data, limits off, and cleaned away afterwards.

#include <sys/types.h>

#include <memory>
#include <string>

#include "base/result.h"
#include "bench/setup.h"

namespace c4a::bench {

// A folder that is removed with everything in it.
class ScratchFolder {
 public:
  // A new folder in `parent`. Fails with: kUnavailable.
  static Result<std::unique_ptr<ScratchFolder>> make(const std::string& parent);
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  explicit ScratchFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

class ServerProcess {
 public:
  // Starts `binary serve` with its data and its output in `folder`, on `port` (0: a free one), and returns once
  // /health/ready answers 200. Fails with: kUnavailable, with the end of its output.
  static Result<std::unique_ptr<ServerProcess>> start(const std::string& binary, const std::string& folder,
                                                      std::uint16_t port = 0);
  // SIGTERM, and SIGKILL after 15 s.
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  const Target& target() const { return target_; }
  // SIGKILL, now. The data stays.
  void kill();

 private:
  explicit ServerProcess(Target target) : target_(std::move(target)) {}
  Target target_;
};

}  // namespace c4a::bench
