#include "bench/floor_process.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>

#include "bench/floor_server.h"

namespace c4a::bench {
namespace {

std::atomic<bool> stop_asked = false;

void ask_stop(int) { stop_asked = true; }

}  // namespace

Result<std::unique_ptr<FloorProcess>> FloorProcess::start(const std::string& data_folder) {
  C4A_TRY(auto server, FloorServer::open({"127.0.0.1", 0}, data_folder));
  const auto child = fork();
  if (child < 0) return fail(ErrorCode::kUnavailable, "the floor server's process could not be made");
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
    std::signal(SIGTERM, ask_stop);
    server->run(stop_asked);
    std::_Exit(0);
  }
  Target target;
  target.server.port = server->port();
  target.admin_key = "floor";
  target.server_pid = child;
  return std::unique_ptr<FloorProcess>(new FloorProcess(std::move(target)));
}

FloorProcess::~FloorProcess() {
  kill(target_.server_pid, SIGTERM);
  waitpid(target_.server_pid, nullptr, 0);
}

int serve_floor(const Endpoint& listen, const std::string& data_folder) {
  auto server = FloorServer::open(listen, data_folder);
  if (!server) {
    fmt::print(stderr, "{}\n", server.error().detail);
    return 1;
  }
  std::signal(SIGTERM, ask_stop);
  std::signal(SIGINT, ask_stop);
  fmt::print("floor server on {}:{}, process {}\n", listen.ip, (*server)->port(), getpid());
  std::fflush(stdout);
  (*server)->run(stop_asked);
  return 0;
}

}  // namespace c4a::bench
