#pragma once

// The results of several runs as one Markdown document.

#include <string>
#include <string_view>
#include <vector>

#include "bench/report.h"

namespace c4a::bench {

struct Aim {
  std::string_view metric;
  bool at_least;  // else at most
  double value;
};

// One line of the plan of `bench all`.
struct Step {
  std::string_view title;
  std::string_view workload;
  std::vector<std::string> args;
  bool own_server = false;  // the workload starts the server by itself
  bool once = false;        // too long to be repeated
  std::vector<Aim> aims;
};

struct StepResult {
  const Step* step = nullptr;
  std::string command;
  std::vector<Report> runs;
  std::string failure;  // why there are fewer runs than wanted
};

struct Spread {
  double median = 0;
  double min = 0;
  double max = 0;
};

Spread spread_of(std::vector<double> values);

// Aims and whether they were met, then every figure of every step.
std::string markdown(const std::vector<StepResult>& results, std::string_view machine);
std::string results_json(const std::vector<StepResult>& results);

}  // namespace c4a::bench
