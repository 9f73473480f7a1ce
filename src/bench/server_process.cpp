#include "bench/server_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "bench/http_client.h"

namespace c4a::bench {
namespace {

constexpr std::int64_t kStartUs = 60'000'000;
constexpr std::int64_t kStopUs = 15'000'000;
constexpr const char* kAdminKey = "c4a_bench0123456789abcdefghijklmnopqrstuvwxyzAA";

// One GET, for as long as it takes to know.
class Probe final : public HttpListener {
 public:
  bool ready(const Endpoint& server) {
    Poller poller;
    HttpConnection connection(poller, *this);
    if (!connection.connect(server)) return false;
    append_request(connection.new_request(), "GET", "/health/ready", {}, {});
    const auto deadline = now_us() + 1'000'000;
    while (!done_ && now_us() < deadline) poller.turn(deadline);
    return status_ == 200;
  }
  void on_answer(HttpConnection&, int status, std::string_view, std::int64_t) override {
    done_ = true;
    status_ = status;
  }
  void on_http_lost(HttpConnection&, const std::string&) override { done_ = true; }

 private:
  bool done_ = false;
  int status_ = 0;
};

std::string end_of(const std::string& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  const auto all = text.str();
  return all.size() > 2000 ? all.substr(all.size() - 2000) : all;
}

[[noreturn]] void become_server(const std::string& binary, const std::string& folder, std::uint16_t port) {
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  std::signal(SIGPIPE, SIG_DFL);
  const int out = open((folder + "/server.log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
  setenv("CHAT4ALL_ADMIN_KEY", kAdminKey, 1);
  setenv("CHAT4ALL_LIMITS__SENDS_PER_SECOND_PER_USER", "0", 1);
  setenv("CHAT4ALL_LIMITS__LOGINS_PER_MINUTE", "0", 1);
  const auto address = fmt::format("127.0.0.1:{}", port);
  const auto data = folder + "/data";
  execl(binary.c_str(), binary.c_str(), "serve", "--listen", address.c_str(), "--data", data.c_str(), nullptr);
  fmt::print(stderr, "{} cannot be started\n", binary);
  std::_Exit(1);
}

}  // namespace

Result<std::unique_ptr<ScratchFolder>> ScratchFolder::make(const std::string& parent) {
  auto path = parent + "/bench-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) {
    return fail(ErrorCode::kUnavailable, fmt::format("no folder can be made in {}", parent));
  }
  return std::unique_ptr<ScratchFolder>(new ScratchFolder(path));
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Result<std::unique_ptr<ServerProcess>> ServerProcess::start(const std::string& binary, const std::string& folder,
                                                            std::uint16_t port) {
  if (port == 0) {
    C4A_TRY(port, free_port());
  }
  const auto child = fork();
  if (child < 0) return fail(ErrorCode::kUnavailable, "no process can be made for the server");
  if (child == 0) become_server(binary, folder, port);
  Target target;
  target.server.port = port;
  target.admin_key = kAdminKey;
  target.server_pid = child;
  std::unique_ptr<ServerProcess> process(new ServerProcess(target));
  const auto deadline = now_us() + kStartUs;
  while (!Probe().ready(target.server)) {
    const bool ended = waitpid(child, nullptr, WNOHANG) == child;
    if (ended) process->target_.server_pid = 0;
    if (ended || now_us() > deadline) {
      return fail(ErrorCode::kUnavailable,
                  fmt::format("the server {}; its last words:\n{}", ended ? "ended at once" : "is not ready after 60 s",
                              end_of(folder + "/server.log")));
    }
    usleep(1000);
  }
  return process;
}

ServerProcess::~ServerProcess() {
  if (target_.server_pid == 0) return;
  ::kill(target_.server_pid, SIGTERM);
  const auto deadline = now_us() + kStopUs;
  while (waitpid(target_.server_pid, nullptr, WNOHANG) == 0) {
    if (now_us() > deadline) {
      kill();
      return;
    }
    usleep(5000);
  }
}

void ServerProcess::kill() {
  const auto pid = std::exchange(target_.server_pid, 0);
  if (pid == 0) return;
  ::kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
}

}  // namespace c4a::bench
