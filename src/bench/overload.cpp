// overload: what a server can do, and what it still does when twice as much is asked of it.

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "bench/cost_window.h"
#include "bench/overload_flow.h"
#include "bench/pair_flow.h"
#include "bench/workloads.h"

namespace c4a::bench {
namespace {

constexpr int kDrainSeconds = 120;

double count(std::uint64_t number) { return static_cast<double>(number); }

// Acknowledged and delivered messages a second, in a closed loop.
Result<double> capacity_of(Poller& poller, const Target& target, const PairOptions& options, std::int64_t warm_up_us,
                           std::int64_t window_us, Report& report) {
  C4A_TRY(auto flow, PairFlow::open(poller, target, options));
  flow->start();
  flow->run(now_us() + warm_up_us);
  flow->reset_figures();
  C4A_TRY(auto window, CostWindow::open(target.server_pid));
  flow->run(now_us() + window_us);
  C4A_CHECK(window.close());
  const auto figures = flow->figures();
  flow->stop();
  flow->drain(kDrainSeconds);
  const double rate = count(figures.deliveries) / window.seconds();
  report.metric("capacity", rate, "msg/s, closed loop");
  report.latency("capacity_ack", figures.ack);
  report.violations(flow->violations());
  return rate;
}

Result<void> overload(Poller& poller, const Target& target, const OverloadOptions& options, std::int64_t duration_us,
                      double capacity, Report& report) {
  C4A_TRY(auto flow, OverloadFlow::open(poller, target, options));
  C4A_TRY(auto window, CostWindow::open(target.server_pid));
  flow->run(duration_us);
  C4A_CHECK(window.close());
  const double seconds = window.seconds();
  // While it lasts: what is done after the last send was made is done by a server that has nothing else to do.
  const double goodput = count(flow->figures().acknowledged_in_time) / seconds;
  const double delivered = count(flow->figures().delivered_in_time) / seconds;
  flow->drain(kDrainSeconds);
  const auto& found = flow->figures();
  report.metric("offered", count(found.offered) / seconds, "msg/s, open loop");
  report.metric("goodput", goodput, "msg/s acknowledged in time");
  report.metric("goodput_ratio", goodput / capacity, "of the capacity");
  report.metric("delivered", delivered, "msg/s delivered in time");
  report.metric("delivered_ratio", delivered / capacity, "of the capacity");
  report.metric("acknowledged", count(found.acknowledged) / count(found.offered), "of the offered");
  report.metric("without_seq", count(found.undecided) / count(std::max<std::uint64_t>(found.acknowledged, 1)),
                "of acks");
  report.metric("refused", count(found.refused) / count(found.offered), "of the offered");
  report.latency("refusal", found.refusal);
  report.latency("ack", found.ack);
  report.latency("delivery", found.delivery);
  report.metric("own_lag_p99", count(static_cast<std::uint64_t>(found.own_lag.quantile_us(0.99))) / 1000, "ms");
  report.metric("server_cores", window.server().total_us / seconds / 1e6, "");
  report.metric("generator_cores", window.own_us() / seconds / 1e6, "");
  report.violations(flow->violations());
  return {};
}

}  // namespace

Result<Report> run_overload(Flags& flags) {
  PairOptions closed;
  OverloadOptions open;
  open.pairs = closed.pairs = flags.number("pairs", 200, 1, 20'000, "pairs of users, a WebSocket each");
  closed.in_flight = flags.number("in-flight", 8, 1, 10'000, "closed loop: messages under way per pair");
  open.text_bytes = closed.text_bytes = flags.number("bytes", 300, kMinTextBytes, kMaxTextBytes, "length of a text");
  closed.message_ids = true;
  const auto given = flags.number("capacity", 0, 0, 10'000'000, "messages/s; 0: measured first, in a closed loop");
  const auto percent = flags.number("percent", 200, 1, 10'000, "of the capacity, offered in an open loop");
  open.good_us = 1'000 * static_cast<std::int64_t>(flags.number("good-ms", 5'000, 1, 600'000, "what is in time"));
  const auto seconds = flags.number("seconds", 10, 1, 3'600, "length of each measurement");
  const auto warm_up = flags.number("warm-up", 2, 0, 3'600, "seconds before the first");
  auto target = target_from(flags);
  C4A_CHECK(flags.check());
  C4A_CHECK(find_server(target));

  Report report("overload");
  report.parameter("pairs", open.pairs);
  report.parameter("bytes", open.text_bytes);
  report.parameter("seconds", seconds);
  report.parameter("percent", percent);
  Poller poller;
  auto capacity = static_cast<double>(given);
  const auto window_us = static_cast<std::int64_t>(seconds) * 1'000'000;
  if (given == 0) {
    C4A_TRY(capacity,
            capacity_of(poller, target, closed, static_cast<std::int64_t>(warm_up) * 1'000'000, window_us, report));
  }
  open.rate = capacity * static_cast<double>(percent) / 100;
  C4A_CHECK(overload(poller, target, open, window_us, capacity, report));
  return report;
}

}  // namespace c4a::bench
