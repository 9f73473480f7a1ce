#pragma once

// What a workload found: its parameters, its figures, and whether the server kept its promises.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/checks.h"
#include "bench/histogram.h"
#include "bench/process_stats.h"

namespace c4a::bench {

struct Metric {
  std::string name;
  double value = 0;
  std::string unit;
};

class Report {
 public:
  explicit Report(std::string workload) : workload_(std::move(workload)) {}

  const std::string& workload() const { return workload_; }
  void parameter(std::string name, std::string value);
  void parameter(std::string name, std::uint64_t value);
  void metric(std::string name, double value, std::string unit);
  // p50, p90, p99, p99.9 and the largest, in milliseconds.
  void latency(const std::string& name, const Histogram& histogram);
  // CPU of the server and of the generator, per `what` ("message"), when `count` of them were done.
  void cost(std::string_view what, const CpuUse& server, double own_us, double count);
  void violations(const Violations& found) { violations_.merge(found); }
  // Every figure of another report, its names after a prefix.
  void include(const std::string& prefix, const Report& other);

  bool passed() const { return violations_.count() == 0; }
  const Violations& violations() const { return violations_; }
  const std::vector<Metric>& metrics() const { return metrics_; }
  const Metric* find(std::string_view name) const;

  std::string table() const;
  std::string json() const;

 private:
  std::string workload_;
  std::vector<std::pair<std::string, std::string>> parameters_;
  std::vector<Metric> metrics_;
  Violations violations_;
};

// A figure as people read it: 123,456 or 12.3 or 0.123.
std::string readable(double value);

}  // namespace c4a::bench
