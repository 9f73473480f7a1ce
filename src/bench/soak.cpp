// soak: pairs who talk on while servers die, and the proof that nothing acknowledged was lost, repeated or moved.

#include <fmt/format.h>

#include <csignal>
#include <fstream>

#include "bench/soak_flow.h"
#include "bench/workloads.h"

namespace c4a::bench {
namespace {

constexpr int kConnectSeconds = 180;

volatile std::sig_atomic_t stops = 0;

void stop(int) { stops = stops + 1; }

double count(std::uint64_t number) { return static_cast<double>(number); }

Report report_of(const SoakFlow& flow, double seconds) {
  const auto& found = flow.figures();
  const auto& connections = found.connections;
  Report report("soak");
  report.metric("acknowledged", count(found.acknowledged), "messages");
  report.metric("rate", count(found.acknowledged) / seconds, "msg/s");
  report.metric("delivered", count(found.delivered), "frames");
  report.metric("refused", count(found.refused), "sends (429, 503)");
  report.metric("repeated", count(found.repeated), "sends");
  report.metric("asked_again", count(found.asked_again), "of them, though answered");
  report.metric("duplicates", count(found.duplicates), "answers");
  report.metric("without_seq", count(found.undecided), "answers");
  report.metric("withheld", count(found.withheld), "messages");
  report.metric("reconnects", count(connections.reconnects), "");
  report.metric("late_answers", count(found.late), "of them");
  report.metric("silent_servers", count(connections.given_up), "of them, late answers included");
  report.metric("failed_connects", count(connections.attempts_failed), "");
  report.metric("connected_again_p95", count(static_cast<std::uint64_t>(connections.back.quantile_us(0.95))) / 1000,
                "ms");
  report.metric("connected_again_max", count(static_cast<std::uint64_t>(connections.back.max_us())) / 1000, "ms");
  report.metric("longest_silence", count(static_cast<std::uint64_t>(flow.timeline().longest_silence_us())) / 1e6, "s");
  report.latency("ack", found.latency);
  for (std::size_t kind = 0; kind < kWrongs; ++kind) {
    const auto wrong = static_cast<Wrong>(kind);
    report.metric(fmt::format("violations_{}", name_of(wrong)), count(flow.findings().count(wrong)), "");
  }
  report.violations(flow.findings().all());
  return report;
}

}  // namespace

Result<Report> run_soak(Flags& flags) {
  SoakOptions options;
  options.pairs = flags.number("pairs", 50, 1, 20'000, "pairs of users, a WebSocket each");
  options.rate = static_cast<double>(flags.number("rate", 200, 1, 1'000'000, "messages/s in all"));
  options.text_bytes = flags.number("bytes", 300, kMinTextBytes, kMaxTextBytes, "length of a text");
  options.window = flags.number("window", 64, 1, 100'000, "messages of a pair that may wait for an answer");
  options.answer_us =
      1'000 * static_cast<std::int64_t>(
                  flags.number("answer-ms", 10'000, 100, 600'000, "an answer that takes longer: another connection"));
  const auto seconds = flags.number("seconds", 60, 1, 864'000, "how long to send at most");
  const auto least = flags.number("messages", 0, 0, 1'000'000'000'000,
                                  "SIGTERM ends the sending once so many are acknowledged, a second one at once");
  const auto settle =
      flags.number("settle", 120, 1, 86'400, "seconds for what is under way then, and for each reading");
  const auto timeline_file = flags.text("timeline", "", "write what clients saw second by second to this file");
  C4A_TRY(const auto servers, servers_from(flags));
  const auto admin_key = admin_key_from(flags);
  C4A_CHECK(flags.check());
  if (admin_key.empty()) return no_admin_key();

  std::signal(SIGTERM, stop);
  std::signal(SIGINT, stop);
  Poller poller;
  C4A_TRY(const auto flow, SoakFlow::open(poller, servers, admin_key, options));
  C4A_CHECK(flow->connect(kConnectSeconds));
  fmt::print("soak: {} pairs are connected and talk\n", options.pairs);
  std::fflush(stdout);
  const auto began = now_us();
  flow->run(began + static_cast<std::int64_t>(seconds) * 1'000'000, least, stops);
  const auto sent_for = static_cast<double>(now_us() - began) / 1e6;
  flow->settle(static_cast<int>(settle));
  flow->judge_end(static_cast<int>(settle));

  if (!timeline_file.empty()) {
    std::ofstream file(timeline_file);
    file << flow->timeline().json();
    if (!file.flush()) return fail(ErrorCode::kUnavailable, fmt::format("{} cannot be written", timeline_file));
  }
  auto report = report_of(*flow, sent_for);
  report.parameter("pairs", options.pairs);
  report.parameter("rate", static_cast<std::uint64_t>(options.rate));
  report.parameter("bytes", options.text_bytes);
  report.parameter("seconds", fmt::format("{:.0f}", sent_for));
  return report;
}

}  // namespace c4a::bench
