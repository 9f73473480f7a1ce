#include "bench/all_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace c4a::bench {
namespace {

std::optional<Spread> spread_of_metric(const StepResult& result, std::string_view name) {
  std::vector<double> values;
  for (const auto& run : result.runs) {
    if (const auto* metric = run.find(name); metric != nullptr) values.push_back(metric->value);
  }
  if (values.empty()) return std::nullopt;
  return spread_of(std::move(values));
}

std::string aim_rows(const StepResult& result) {
  std::string out;
  for (const auto& aim : result.step->aims) {
    const auto spread = spread_of_metric(result, aim.metric);
    if (!spread) {
      out += fmt::format("| {} | {} | {} {} | not measured | |\n", result.step->title, aim.metric,
                         aim.at_least ? "≥" : "≤", readable(aim.value));
      continue;
    }
    const auto met = [&aim](double value) { return aim.at_least ? value >= aim.value : value <= aim.value; };
    std::string verdict = met(spread->median) ? "met" : "**missed**";
    const auto floor = spread_of_metric(result, fmt::format("floor_{}", aim.metric));
    if (floor && !met(floor->median)) verdict += fmt::format("; the floor: {}", readable(floor->median));
    out +=
        fmt::format("| {} | {} | {} {} | {} {} | {} |\n", result.step->title, aim.metric, aim.at_least ? "≥" : "≤",
                    readable(aim.value), readable(spread->median), result.runs.front().find(aim.metric)->unit, verdict);
  }
  return out;
}

std::string step_section(const StepResult& result) {
  auto out = fmt::format("\n### {}\n\n`{}`\n\n", result.step->title, result.command);
  if (!result.failure.empty()) out += fmt::format("**Failed:** {}\n\n", result.failure);
  if (result.runs.empty()) return out;
  std::uint64_t violations = 0;
  for (const auto& run : result.runs) violations += run.violations().count();
  out += fmt::format(
      "{} run(s), {}.\n\n| figure | median | smallest | largest | unit |\n| --- | --: | --: | --: | --- |\n",
      result.runs.size(),
      violations == 0 ? "all checks passed: nothing lost, repeated or out of order"
                      : fmt::format("**{} violations**", violations));
  for (const auto& metric : result.runs.front().metrics()) {
    const auto spread = *spread_of_metric(result, metric.name);
    out += fmt::format("| {} | {} | {} | {} | {} |\n", metric.name, readable(spread.median), readable(spread.min),
                       readable(spread.max), metric.unit);
  }
  for (const auto& run : result.runs) {
    for (const auto& sentence : run.violations().first()) out += fmt::format("- {}\n", sentence);
  }
  return out;
}

}  // namespace

Spread spread_of(std::vector<double> values) {
  if (values.empty()) return {};
  std::ranges::sort(values);
  const auto middle = values.size() / 2;
  const auto median = values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {median, values.front(), values.back()};
}

std::string markdown(const std::vector<StepResult>& results, std::string_view machine) {
  auto out =
      fmt::format("Machine: {}\n\n| work | figure | aim | median | |\n| --- | --- | --: | --: | --- |\n", machine);
  for (const auto& result : results) out += aim_rows(result);
  for (const auto& result : results) out += step_section(result);
  return out;
}

std::string results_json(const std::vector<StepResult>& results) {
  std::string out = "[";
  for (const auto& result : results) {
    for (const auto& run : result.runs) {
      if (out.size() > 1) out += ",\n";
      out += run.json();
      out.pop_back();
    }
  }
  return out + "]\n";
}

}  // namespace c4a::bench
