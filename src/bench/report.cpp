#include "bench/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/json_writer.h"

namespace c4a::bench {

void Report::parameter(std::string name, std::string value) {
  parameters_.emplace_back(std::move(name), std::move(value));
}

void Report::parameter(std::string name, std::uint64_t value) { parameter(std::move(name), fmt::format("{}", value)); }

void Report::metric(std::string name, double value, std::string unit) {
  metrics_.push_back({std::move(name), std::isfinite(value) ? value : 0.0, std::move(unit)});
}

void Report::latency(const std::string& name, const Histogram& histogram) {
  const auto add = [&](const char* quantile, std::int64_t us) {
    metric(fmt::format("{}_{}", name, quantile), static_cast<double>(us) / 1000, "ms");
  };
  add("p50", histogram.quantile_us(0.5));
  add("p90", histogram.quantile_us(0.9));
  add("p99", histogram.quantile_us(0.99));
  add("p999", histogram.quantile_us(0.999));
  add("max", histogram.max_us());
}

void Report::cost(std::string_view what, const CpuUse& server, double own_us, double count) {
  const auto unit = fmt::format("µs/{}", what);
  metric("server_cpu", server.total_us / count, unit);
  metric("server_cpu_user", server.user_us / count, unit);
  metric("server_cpu_system", server.system_us / count, unit);
  metric("generator_cpu", own_us / count, unit);
}

void Report::include(const std::string& prefix, const Report& other) {
  for (const auto& m : other.metrics_) metric(prefix + m.name, m.value, m.unit);
  violations(other.violations_);
}

const Metric* Report::find(std::string_view name) const {
  const auto found = std::ranges::find(metrics_, name, &Metric::name);
  return found == metrics_.end() ? nullptr : &*found;
}

std::string Report::table() const {
  std::size_t width = 20;
  for (const auto& m : metrics_) width = std::max(width, m.name.size());
  std::string out = fmt::format("== {}", workload_);
  for (const auto& [name, value] : parameters_) out += fmt::format("  {}={}", name, value);
  out += '\n';
  for (const auto& m : metrics_) out += fmt::format("  {:<{}} {:>14} {}\n", m.name, width, readable(m.value), m.unit);
  if (passed()) return out + "  checks: passed (nothing lost, repeated or out of order)\n";
  out += fmt::format("  checks: FAILED, {} violations, the first:\n", violations_.count());
  for (const auto& sentence : violations_.first()) out += fmt::format("    - {}\n", sentence);
  return out;
}

std::string Report::json() const {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("workload", workload_);
  json.key("parameters").begin_object();
  for (const auto& [name, value] : parameters_) json.member(name, value);
  json.end_object().key("metrics").begin_object();
  for (const auto& m : metrics_) {
    json.key(m.name).begin_object().member_raw("value", fmt::format("{:.4f}", m.value));
    json.member("unit", m.unit).end_object();
  }
  json.end_object().key("checks").begin_object();
  json.member("passed", passed()).member("violations", violations_.count()).key("first").begin_array();
  for (const auto& sentence : violations_.first()) json.value(sentence);
  json.end_array().end_object().end_object();
  return out + "\n";
}

std::string readable(double value) {
  if (std::abs(value) < 1) return fmt::format("{:.3f}", value);
  if (std::abs(value) < 1000) return fmt::format("{:.2f}", value);
  auto digits = fmt::format("{:.0f}", value);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > (value < 0 ? 1 : 0); at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return digits;
}

}  // namespace c4a::bench
