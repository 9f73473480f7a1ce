#include "bench/bench.h"

#include <fmt/format.h>

#include <csignal>
#include <fstream>

#include "bench/all.h"
#include "bench/floor_process.h"
#include "bench/workloads.h"

namespace c4a::bench {
namespace {

constexpr int kFailure = 1;
constexpr int kUsage = 2;

int print_usage(std::FILE* to, int code) {
  fmt::print(to, "chat4all bench WORKLOAD [--flag value …]   (WORKLOAD --help names its flags)\n\n");
  for (const auto& workload : workloads()) fmt::print(to, "  {:<10} {}\n", workload.name, workload.purpose);
  fmt::print(to, "  {:<10} {}\n", "floor", "the floor server alone: --listen ADDR:PORT --data FOLDER");
  fmt::print(to, "  {:<10} {}\n", "all", "every workload on a server of its own, several times; medians as Markdown");
  return code;
}

int fail_with(const Error& error) {
  fmt::print(stderr, "chat4all bench: {}\n", error.detail);
  return error.code == ErrorCode::kInvalidRequest ? kUsage : kFailure;
}

int run_one(const Workload& workload, Flags& flags) {
  const auto json_file = flags.text("json", "", "also write the result to this file");
  const auto report = workload.run(flags);
  if (flags.wants_help()) {
    fmt::print("chat4all bench {}: {}\n{}", workload.name, workload.purpose, flags.help());
    return 0;
  }
  if (!report) return fail_with(report.error());
  fmt::print("{}", report->table());
  if (!json_file.empty()) {
    std::ofstream file(json_file);
    file << report->json();
    if (!file.flush()) return fail_with({ErrorCode::kUnavailable, fmt::format("{} cannot be written", json_file)});
  }
  return report->passed() ? 0 : kFailure;
}

int run_floor(Flags& flags) {
  const auto listen = flags.text("listen", "127.0.0.1:8089", "address and port");
  const auto data = flags.text("data", ".", "folder of the log");
  const auto checked = flags.check();
  if (flags.wants_help()) {
    fmt::print("{}", flags.help());
    return 0;
  }
  if (!checked) return fail_with(checked.error());
  const auto colon = listen.rfind(':');
  if (colon == std::string::npos) return fail_with({ErrorCode::kInvalidRequest, "--listen takes ADDR:PORT"});
  const auto port = std::atoi(listen.c_str() + colon + 1);
  return serve_floor({listen.substr(0, colon), static_cast<std::uint16_t>(port)}, data);
}

}  // namespace

const std::vector<Workload>& workloads() {
  static const std::vector<Workload> all = {
      {"ws-pairs", "1:1 messages over WebSocket, with delivery and acknowledgement", run_ws_pairs},
      {"post", "POST /v1/messages on kept-alive connections", run_post},
      {"group", "one large group that is online: paced, and in bursts", run_group},
      {"idle", "many authenticated WebSockets that do nothing", run_idle},
      {"catch-up", "devices that are far behind, alone and beside live traffic", run_catch_up},
      {"restart", "SIGKILL with much stored, then the time until it serves again", run_restart},
      {"growth", "the cost of a message in a small and in a large store", run_growth},
      {"overload", "the capacity, then twice as much: what is still done in time, what is refused and how soon",
       run_overload},
      {"soak", "1:1 messages while servers die: everything is repeated until answered, and judged", run_soak},
  };
  return all;
}

int run_bench(std::span<const std::string_view> args) {
  if (args.empty()) return print_usage(stderr, kUsage);
  const auto name = args.front();
  if (name == "--help" || name == "-h" || name == "help") return print_usage(stdout, 0);
  std::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  Flags flags(args.subspan(1));
  if (name == "floor") return run_floor(flags);
  if (name == "all") return run_all(flags);
  for (const auto& workload : workloads()) {
    if (workload.name == name) return run_one(workload, flags);
  }
  fmt::print(stderr, "chat4all bench: no workload is called \"{}\"\n", name);
  return print_usage(stderr, kUsage);
}

}  // namespace c4a::bench
