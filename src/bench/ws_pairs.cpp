// ws-pairs: 1:1 messages over WebSocket, the server's main work, beside the floor of the machine.

#include <fmt/format.h>

#include <memory>

#include "bench/accounts.h"
#include "bench/cost_window.h"
#include "bench/floor_process.h"
#include "bench/pair_flow.h"
#include "bench/workloads.h"

namespace c4a::bench {
namespace {

struct Timing {
  std::int64_t warm_up_us;
  std::int64_t window_us;
};

constexpr int kDrainSeconds = 30;

Result<Report> measure(const Target& target, const PairOptions& options, const Timing& timing, Accounts accounts = {}) {
  Report report("ws-pairs");
  Poller poller;
  C4A_TRY(auto flow, PairFlow::open(poller, target, options));
  flow->start();
  flow->run(now_us() + timing.warm_up_us);
  C4A_CHECK(accounts.open(poller));
  flow->reset_figures();
  C4A_TRY(auto window, CostWindow::open(target.server_pid));
  flow->run(now_us() + timing.window_us);
  C4A_CHECK(window.close());
  const auto figures = flow->figures();
  C4A_CHECK(accounts.close(poller));
  flow->stop();
  flow->drain(kDrainSeconds);

  const auto messages = static_cast<double>(figures.deliveries);
  report.metric("rate", messages / window.seconds(), "msg/s");
  report.cost("message", window.server(), window.own_us(), messages);
  report.latency("ack", figures.ack);
  report.latency("delivery", figures.delivery);
  report.metric("acks", static_cast<double>(figures.acks) / window.seconds(), "/s");
  report.metric("statuses", static_cast<double>(figures.statuses) / window.seconds(), "/s");
  report.metric("without_seq", static_cast<double>(figures.undecided) / static_cast<double>(figures.acks), "of acks");
  accounts.report(report, messages);
  report.violations(flow->violations());
  return report;
}

}  // namespace

Result<Report> run_ws_pairs(Flags& flags) {
  PairOptions options;
  options.pairs = flags.number("pairs", 200, 1, 20'000, "pairs of users, a WebSocket each");
  options.in_flight = flags.number("in-flight", 8, 1, 10'000, "closed loop: messages under way per pair");
  options.rate = static_cast<double>(flags.number("rate", 0, 0, 10'000'000, "open loop: messages/s in all; 0: closed"));
  options.text_bytes = flags.number("bytes", 300, kMinTextBytes, kMaxTextBytes, "length of a text");
  options.message_ids = flags.on("message-ids", "each message carries its own message_id");
  const auto seconds = flags.number("seconds", 10, 1, 86'400, "length of the measurement");
  const auto warm_up = flags.number("warm-up", 2, 0, 3'600, "seconds before it");
  const bool floor = flags.on("floor", "measure the floor of this machine in the same run, and the efficiency");
  const bool floor_only = flags.on("floor-only", "measure the floor alone; no server is needed");
  const auto data = flags.text("floor-data", ".", "folder for the floor's log: on the disk of the server's data");
  auto target = target_from(flags);
  auto accounts = Accounts::from(flags);
  C4A_CHECK(flags.check());
  if (!accounts) return std::unexpected(accounts.error());
  const Timing timing{static_cast<std::int64_t>(warm_up) * 1'000'000, static_cast<std::int64_t>(seconds) * 1'000'000};

  Report floor_report("floor");
  if (floor || floor_only) {
    C4A_TRY(const auto process, FloorProcess::start(data));
    C4A_TRY(floor_report, measure(process->target(), options, timing));
  }
  Report report(floor_only ? "ws-pairs on the floor server" : "ws-pairs");
  report.parameter("pairs", options.pairs);
  report.parameter(options.rate > 0 ? "rate" : "in_flight",
                   options.rate > 0 ? static_cast<std::uint64_t>(options.rate) : options.in_flight);
  report.parameter("bytes", options.text_bytes);
  report.parameter("seconds", seconds);
  if (floor_only) {
    report.include("", floor_report);
    return report;
  }
  C4A_CHECK(find_server(target));
  C4A_TRY(const auto server_report, measure(target, options, timing, std::move(*accounts)));
  report.include("", server_report);
  if (!floor) return report;
  report.include("floor_", floor_report);
  const auto value = [&](std::string_view name) { return report.find(name)->value; };
  report.metric("efficiency_rate", value("rate") / value("floor_rate"), "of the floor");
  report.metric("efficiency_cpu", value("floor_server_cpu") / value("server_cpu"), "of the floor");
  return report;
}

}  // namespace c4a::bench
