#include "bench/accounts.h"

#include <fmt/format.h>

#include <cstdlib>
#include <sstream>

#include "bench/frame_scan.h"
#include "bench/http_client.h"

namespace c4a::bench {
namespace {

// What is shown of the counters, for each message.
struct Shown {
  const char* counter;
  const char* name;
};
constexpr Shown kShown[] = {
    {"chat4all_store_reads_total", "store_reads"},  {"chat4all_store_writes_total", "store_writes"},
    {"chat4all_store_rows_total", "store_rows"},    {"chat4all_store_write_requests_total", "store_write_requests"},
    {"chat4all_router_commands_total", "commands"}, {"chat4all_router_commits_total", "commits"},
    {"chat4all_log_undecided_total", "undecided"},
};

std::vector<std::string> words(const std::string& text, char separator) {
  std::vector<std::string> found;
  std::istringstream in(text);
  for (std::string word; std::getline(in, word, separator);) {
    if (!word.empty()) found.push_back(word);
  }
  return found;
}

Result<Endpoint> endpoint_of(const std::string& address) {
  const auto colon = address.rfind(':');
  const auto port =
      colon == std::string::npos ? 0 : leading_number(std::string_view(address).substr(colon + 1)).value_or(0);
  if (port == 0 || port > 65'535) {
    return fail(ErrorCode::kInvalidRequest, fmt::format("--counters takes ADDR:PORT …, not \"{}\"", address));
  }
  return Endpoint{address.substr(0, colon), static_cast<std::uint16_t>(port)};
}

}  // namespace

void add_counters(std::string_view page, std::map<std::string, double, std::less<>>& sums) {
  while (!page.empty()) {
    const auto line = page.substr(0, page.find('\n'));
    page.remove_prefix(std::min(line.size() + 1, page.size()));
    const auto space = line.find(' ');
    if (line.starts_with('#') || space == std::string_view::npos) continue;
    const auto name = line.substr(0, space);
    if (name.find('{') != std::string_view::npos) continue;
    sums[std::string(name)] += std::strtod(std::string(line.substr(space + 1)).c_str(), nullptr);
  }
}

Result<Accounts> Accounts::from(Flags& flags) {
  Accounts accounts;
  const auto groups = flags.text("accounts", "", "CPU to account: NAME=PID[,PID…] …, separated by spaces");
  const auto pages = flags.text("counters", "", "whose /metrics to read, for counts a message: ADDR:PORT …");
  for (const auto& group : words(groups, ' ')) {
    const auto equals = group.find('=');
    if (equals == std::string::npos) {
      return fail(ErrorCode::kInvalidRequest, fmt::format("--accounts takes NAME=PID[,PID…] …, not \"{}\"", group));
    }
    for (const auto& pid : words(group.substr(equals + 1), ',')) {
      accounts.groups_[group.substr(0, equals)].push_back(static_cast<pid_t>(leading_number(pid).value_or(0)));
    }
  }
  for (const auto& page : words(pages, ' ')) {
    C4A_TRY(auto endpoint, endpoint_of(page));
    accounts.pages_.push_back(std::move(endpoint));
  }
  return accounts;
}

Result<void> Accounts::sample(Poller& poller, Sample& into) const {
  into = {};
  for (const auto& page : pages_) {
    const auto write = [](std::size_t, std::string& out) { append_request(out, "GET", "/metrics", {}, {}); };
    const auto read = [&](std::size_t, int status, std::string_view body) -> Result<void> {
      if (status != 200) return fail(ErrorCode::kUnavailable, fmt::format("GET /metrics was answered {}", status));
      add_counters(body, into.counters);
      return {};
    };
    C4A_CHECK(run_requests(poller, page, 1, write, read));
  }
  for (const auto& [name, pids] : groups_) {
    for (const pid_t pid : pids) {
      C4A_TRY(auto process, sample_process(pid));
      into.processes[name].push_back(std::move(process));
    }
  }
  return {};
}

double Accounts::moved(std::string_view counter) const {
  const auto before = before_.counters.find(counter);
  const auto after = after_.counters.find(counter);
  if (after == after_.counters.end()) return 0;
  return after->second - (before == before_.counters.end() ? 0 : before->second);
}

void Accounts::report(Report& report, double count) const {
  for (const auto& [name, before] : before_.processes) {
    const auto& after = after_.processes.at(name);
    double used_us = 0;
    for (std::size_t i = 0; i < before.size(); ++i) used_us += cpu_between(before[i], after[i]).total_us;
    report.metric("cpu_" + name, used_us / count, "µs/message");
  }
  for (const auto& shown : kShown) {
    if (after_.counters.contains(shown.counter)) report.metric(shown.name, moved(shown.counter) / count, "/message");
  }
  if (const double commits = moved("chat4all_router_commits_total"); commits > 0) {
    report.metric("commit_time", moved("chat4all_router_commit_microseconds_total") / commits / 1000, "ms");
  }
}

}  // namespace c4a::bench
