#include "bench/all.h"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "bench/all_table.h"
#include "bench/server_process.h"
#include "bench/workloads.h"

namespace c4a::bench {
namespace {

struct AllOptions {
  std::string binary;
  std::string scratch;
  std::string only;
  std::uint64_t runs = 3;
  std::uint64_t seconds = 10;
  bool full = false;
};

std::vector<Step> plan(const AllOptions& options) {
  const auto seconds = fmt::format("--seconds={}", options.seconds);
  const auto floor_data = fmt::format("--floor-data={}", options.scratch);
  return {
      {"1:1, closed loop",
       "ws-pairs",
       {"--floor", seconds, floor_data},
       false,
       false,
       {{"rate", true, 50'000}, {"server_cpu", false, 20}}},
      {"1:1 at 10,000/s",
       "ws-pairs",
       {"--rate=10000", "--floor", seconds, floor_data},
       false,
       false,
       {{"ack_p50", false, 1}, {"ack_p99", false, 5}, {"delivery_p50", false, 1}, {"delivery_p99", false, 5}}},
      {"POST /v1/messages",
       "post",
       {"--floor", seconds, floor_data},
       false,
       false,
       {{"rate", true, 25'000}, {"server_cpu", false, 30}}},
      {"group of 1,000",
       "group",
       {seconds},
       false,
       false,
       {{"paced_rate", true, 198'000}, {"server_cpu", false, 6}, {"burst_rate", true, 600'000}}},
      {"18,000 idle WebSockets",
       "idle",
       {},
       false,
       false,
       {{"rss_per_connection", false, 2048}, {"connects", true, 5000}, {"idle_server_cpu", false, 0.5}}},
      {"catching up",
       "catch-up",
       {"--devices=10000"},
       false,
       false,
       {{"caught_up_after", false, 0.5}, {"live_p99_ratio", false, 2}}},
      {"kill -9, then serving",
       "restart",
       {"--binary=" + options.binary, "--scratch=" + options.scratch},
       true,
       false,
       {{"serving_after", false, 300}}},
      {"growth",
       "growth",
       options.full ? std::vector<std::string>{}
                    : std::vector<std::string>{"--conversations=100000", "--messages=1000000"},
       false,
       true,
       {{"growth_pairs", false, 1.15}, {"growth_stored", false, 1.15}, {"growth_spread", false, 1.15}}},
  };
}

Result<Report> run_step(const Step& step, const AllOptions& options) {
  const auto workload = std::ranges::find(workloads(), step.workload, &Workload::name);
  auto args = step.args;
  std::unique_ptr<ScratchFolder> folder;
  std::unique_ptr<ServerProcess> server;
  if (!step.own_server) {
    C4A_TRY(folder, ScratchFolder::make(options.scratch));
    C4A_TRY(server, ServerProcess::start(options.binary, folder->path()));
    args.push_back(fmt::format("--target=127.0.0.1:{}", server->target().server.port));
    args.push_back("--admin-key=" + server->target().admin_key);
    args.push_back(fmt::format("--server-pid={}", server->target().server_pid));
  }
  const std::vector<std::string_view> views(args.begin(), args.end());
  Flags flags(views);
  return workload->run(flags);
}

StepResult run_step_often(const Step& step, const AllOptions& options) {
  StepResult result;
  result.step = &step;
  result.command = fmt::format("chat4all bench {}", step.workload);
  for (const auto& arg : step.args) result.command += " " + arg;
  for (std::uint64_t run = 0; run < (step.once ? 1 : options.runs); ++run) {
    fmt::print(stderr, "{}: run {}\n", result.command, run + 1);
    auto report = run_step(step, options);
    if (!report) {
      result.failure = report.error().detail;
      fmt::print(stderr, "{}\n", result.failure);
      break;
    }
    fmt::print(stderr, "{}", report->table());
    result.runs.push_back(std::move(*report));
  }
  return result;
}

std::string machine(const std::string& scratch) {
  utsname system{};
  uname(&system);
  std::string model = "unknown CPU";
  std::ifstream cpus("/proc/cpuinfo");
  for (std::string line; std::getline(cpus, line);) {
    if (line.starts_with("model name")) model = line.substr(line.find(':') + 2);
  }
  struct statfs disk{};
  statfs(scratch.c_str(), &disk);
  const auto memory = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  return fmt::format("{} × {}, {:.0f} GiB RAM, Linux {}, filesystem type {:#x}; the generator runs on the same cores",
                     sysconf(_SC_NPROCESSORS_ONLN), model, memory / (1U << 30U), system.release,
                     static_cast<unsigned long>(disk.f_type));
}

bool wanted(const Step& step, const std::string& only) {
  return only.empty() || ("," + only + ",").find(fmt::format(",{},", step.workload)) != std::string::npos;
}

bool write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  if (file.flush()) return true;
  fmt::print(stderr, "chat4all bench: {} cannot be written\n", path);
  return false;
}

}  // namespace

int run_all(Flags& flags) {
  AllOptions options;
  options.binary = flags.text("binary", "build/release/chat4all", "the server");
  options.scratch = flags.text("scratch", ".", "where folders for its data are made: the disk that is measured");
  options.only = flags.text("only", "", "workloads to run, separated by commas; empty: all");
  options.runs = flags.number("runs", 3, 1, 100, "runs of each, on a fresh server each");
  options.seconds = flags.number("seconds", 10, 1, 3600, "length of the measurements");
  options.full = flags.on("full", "growth to 10 million messages and 1 million conversations");
  const auto markdown_file = flags.text("markdown", "", "write the tables to this file, not to the screen");
  const auto json_file = flags.text("json", "", "write every run's figures to this file");
  const auto checked = flags.check();
  if (flags.wants_help()) {
    fmt::print("{}", flags.help());
    return 0;
  }
  if (!checked) {
    fmt::print(stderr, "chat4all bench: {}\n", checked.error().detail);
    return 2;
  }

  const auto steps = plan(options);
  std::vector<StepResult> results;
  for (const auto& step : steps) {
    if (wanted(step, options.only)) results.push_back(run_step_often(step, options));
  }
  const auto text = markdown(results, machine(options.scratch));
  bool well = true;
  if (markdown_file.empty()) {
    fmt::print("{}", text);
  } else {
    well = write_file(markdown_file, text);
  }
  if (!json_file.empty()) well = write_file(json_file, results_json(results)) && well;
  for (const auto& result : results) {
    well = well && result.failure.empty() && std::ranges::all_of(result.runs, &Report::passed);
  }
  return well ? 0 : 1;
}

}  // namespace c4a::bench
