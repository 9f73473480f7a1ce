// idle: many authenticated WebSockets that do nothing: how fast they come, what they hold, what they cost.

#include <fmt/format.h>
#include <unistd.h>

#include <memory>

#include "bench/cost_window.h"
#include "bench/floor_process.h"
#include "bench/workloads.h"
#include "bench/ws_client.h"

namespace c4a::bench {
namespace {

constexpr int kSettleSeconds = 3;

class IdleClient final : public WsListener {
 public:
  IdleClient(Poller& poller, Violations& violations) : socket(poller, *this), violations_(violations) {}
  void on_frame(std::string_view, std::int64_t) override {}
  void on_lost(const std::string& reason) override { violations_.add("an idle connection was lost: " + reason); }

  WsClient socket;

 private:
  Violations& violations_;
};

void wait(Poller& poller, std::uint64_t seconds) {
  const auto until = now_us() + static_cast<std::int64_t>(seconds) * 1'000'000;
  while (now_us() < until) poller.turn(until);  // pings are answered
}

}  // namespace

Result<Report> run_idle(Flags& flags) {
  const auto count = flags.number("connections", 18'000, 1, 1'000'000, "WebSockets");
  const auto devices = flags.number("devices", 1, 1, 20, "WebSockets per user, a device each");
  const auto seconds = flags.number("seconds", 20, 1, 86'400, "length of the quiet window");
  const auto at_once = flags.number("at-once", 256, 1, 4096, "connections being opened at the same time");
  const bool floor_only = flags.on("floor-only", "measure the floor alone; no server is needed");
  auto target = target_from(flags);
  C4A_CHECK(flags.check());
  std::unique_ptr<FloorProcess> process;
  if (floor_only) {
    C4A_TRY(process, FloorProcess::start("."));
    target = process->target();
  }
  C4A_CHECK(find_server(target));

  Report report(floor_only ? "idle on the floor server" : "idle");
  report.parameter("connections", count);
  report.parameter("devices_per_user", devices);
  Poller poller;
  C4A_TRY(const auto users, make_users(poller, target, "idle", (count + devices - 1) / devices, true));
  wait(poller, kSettleSeconds);
  C4A_TRY(const auto memory_before, memory_of(target.server_pid));

  Violations violations;
  std::vector<std::unique_ptr<IdleClient>> clients;
  std::vector<WsClient*> sockets;
  for (std::size_t i = 0; i < count; ++i) {
    clients.push_back(std::make_unique<IdleClient>(poller, violations));
    sockets.push_back(&clients.back()->socket);
  }
  C4A_TRY(auto opening, CostWindow::open(target.server_pid));
  const auto login = [&](std::size_t i) {
    return WsLogin{users[i / devices].token, fmt::format("device-{}", i % devices), source_for(target.server, i)};
  };
  C4A_CHECK(connect_all(poller, target.server, sockets, {.login = login, .at_once = at_once, .timeout_s = 600}));
  C4A_CHECK(opening.close());
  wait(poller, kSettleSeconds);
  C4A_TRY(const auto memory_after, memory_of(target.server_pid));
  C4A_TRY(auto quiet, CostWindow::open(target.server_pid));
  wait(poller, seconds);
  C4A_CHECK(quiet.close());

  const auto n = static_cast<double>(count);
  report.metric("connects", n / opening.seconds(), "/s");
  report.metric("connect_server_cpu", opening.server().total_us / n, "µs/connect");
  report.metric("rss_before", static_cast<double>(memory_before.resident) / 1048576, "MiB");
  report.metric("rss_after", static_cast<double>(memory_after.resident) / 1048576, "MiB");
  report.metric("rss_per_connection", static_cast<double>(memory_after.resident - memory_before.resident) / n, "bytes");
  report.metric("heap_per_connection", static_cast<double>(memory_after.anonymous - memory_before.anonymous) / n,
                "bytes");
  report.metric("idle_server_cpu", quiet.server().total_us / n / quiet.seconds(), "µs/s/connection");
  report.metric("idle_server_cpu_total", quiet.server().total_us / quiet.seconds() / 1000, "ms/s");
  report.metric(
      "generator_rss",
      [] {
        const auto own = memory_of(getpid());
        return own ? static_cast<double>(own->resident) / 1048576 : 0.0;
      }(),
      "MiB");
  report.violations(violations);
  return report;
}

}  // namespace c4a::bench
