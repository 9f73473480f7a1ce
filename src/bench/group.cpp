// group: deliveries to a large group that is online, first paced, then in bursts.

#include <fmt/format.h>

#include <algorithm>

#include "bench/cost_window.h"
#include "bench/floor_process.h"
#include "bench/group_flow.h"
#include "bench/pacer.h"
#include "bench/workloads.h"

namespace c4a::bench {
namespace {

constexpr int kDrainSeconds = 60;

struct GroupPlan {
  GroupOptions options;
  double deliveries_per_second = 0;
  std::int64_t paced_us = 0;
  std::uint64_t bursts = 0;
  std::uint64_t burst_messages = 0;
};

Result<void> paced(GroupFlow& flow, const Target& target, const GroupPlan& plan, Report& report) {
  const auto warm_up_us = std::min<std::int64_t>(plan.paced_us, 1'000'000);
  Pacer pacer(now_us(), plan.deliveries_per_second / static_cast<double>(flow.deliveries_per_message()));
  const auto pace_until = [&](std::int64_t until_us) {
    auto now = now_us();
    while (now < until_us && !flow.broken()) {
      while (pacer.due(now)) flow.send(pacer.take());
      flow.run(std::min(pacer.next_due_us(), until_us));
      now = now_us();
    }
  };
  pace_until(now_us() + warm_up_us);
  flow.delivery().reset();
  flow.ack().reset();
  const auto before = flow.deliveries();
  C4A_TRY(auto window, CostWindow::open(target.server_pid));
  pace_until(now_us() + plan.paced_us);
  C4A_CHECK(window.close());
  const auto deliveries = static_cast<double>(flow.deliveries() - before);
  report.metric("paced_rate", deliveries / window.seconds(), "deliveries/s");
  report.cost("delivery", window.server(), window.own_us(), deliveries);
  report.latency("paced_delivery", flow.delivery());
  report.latency("paced_ack", flow.ack());
  flow.await_all(kDrainSeconds);
  return {};
}

Result<void> bursts(GroupFlow& flow, const Target& target, const GroupPlan& plan, Report& report) {
  std::vector<double> rates;
  CpuUse server;
  double own_us = 0;
  for (std::uint64_t burst = 0; burst < plan.bursts && !flow.broken(); ++burst) {
    flow.run(now_us() + 600'000);  // the acknowledgements of the one before
    const auto before = flow.deliveries();
    C4A_TRY(auto window, CostWindow::open(target.server_pid));
    const auto now = now_us();
    for (std::uint64_t i = 0; i < plan.burst_messages; ++i) flow.send(now);
    flow.await_all(kDrainSeconds);
    C4A_CHECK(window.close());
    rates.push_back(static_cast<double>(flow.deliveries() - before) / window.seconds());
    server.total_us += window.server().total_us;
    own_us += window.own_us();
  }
  if (rates.empty()) return {};
  std::ranges::sort(rates);
  const auto deliveries = static_cast<double>(rates.size() * plan.burst_messages * flow.deliveries_per_message());
  report.metric("burst_rate", rates[rates.size() / 2], "deliveries/s");
  report.metric("burst_rate_min", rates.front(), "deliveries/s");
  report.metric("burst_server_cpu", server.total_us / deliveries, "µs/delivery");
  report.metric("burst_generator_cpu", own_us / deliveries, "µs/delivery");
  return {};
}

}  // namespace

Result<Report> run_group(Flags& flags) {
  GroupPlan plan;
  plan.options.members = flags.number("members", 1000, 2, 10'000, "members, all online");
  plan.options.senders = flags.number("senders", 4, 1, 1000, "how many of them send, in turn");
  plan.options.text_bytes = flags.number("bytes", 300, kMinTextBytes, kMaxTextBytes, "length of a text");
  plan.deliveries_per_second =
      static_cast<double>(flags.number("rate", 200'000, 1, 100'000'000, "paced: deliveries/s in all"));
  plan.paced_us =
      static_cast<std::int64_t>(flags.number("seconds", 10, 0, 86'400, "length of the paced part")) * 1'000'000;
  plan.bursts = flags.number("bursts", 5, 0, 1000, "how many bursts after it");
  plan.burst_messages = flags.number("burst-messages", 100, 1, 2000, "messages sent at once in a burst");
  const bool floor_only = flags.on("floor-only", "measure the floor alone; no server is needed");
  const auto data = flags.text("floor-data", ".", "folder for the floor's log");
  auto target = target_from(flags);
  C4A_CHECK(flags.check());
  plan.options.senders = std::min(plan.options.senders, plan.options.members);

  std::unique_ptr<FloorProcess> process;
  if (floor_only) {
    C4A_TRY(process, FloorProcess::start(data));
    target = process->target();
  }
  C4A_CHECK(find_server(target));
  Report report(floor_only ? "group on the floor server" : "group");
  report.parameter("members", plan.options.members);
  report.parameter("senders", plan.options.senders);
  report.parameter("rate", static_cast<std::uint64_t>(plan.deliveries_per_second));
  report.parameter("burst_messages", plan.burst_messages);
  Poller poller;
  C4A_TRY(const auto flow, GroupFlow::open(poller, target, plan.options));
  if (plan.paced_us > 0) C4A_CHECK(paced(*flow, target, plan, report));
  C4A_CHECK(bursts(*flow, target, plan, report));
  flow->finish();
  report.violations(flow->violations());
  return report;
}

}  // namespace c4a::bench
