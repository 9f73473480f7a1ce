#pragma once

// The floor server as a process of its own, so that its CPU is counted apart from the generator's.

#include <sys/types.h>

#include <memory>
#include <string>

#include "base/result.h"
#include "bench/setup.h"

namespace c4a::bench {

class FloorProcess {
 public:
  // Forks: call it while this process has one thread. Fails with: kUnavailable.
  static Result<std::unique_ptr<FloorProcess>> start(const std::string& data_folder);
  ~FloorProcess();
  FloorProcess(const FloorProcess&) = delete;
  FloorProcess& operator=(const FloorProcess&) = delete;

  const Target& target() const { return target_; }

 private:
  explicit FloorProcess(Target target) : target_(std::move(target)) {}
  Target target_;
};

// `bench floor`: serves in the foreground until SIGTERM or SIGINT. The exit code.
int serve_floor(const Endpoint& listen, const std::string& data_folder);

}  // namespace c4a::bench
