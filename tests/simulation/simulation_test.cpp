// Runs the router's and the sessions' rules under a seeded scheduler:
//   simulation_test                                  1,000 seeds, embedded and distributed in turn
//   simulation_test --seeds=N [--first=S]            as many as wanted
//   simulation_test --seed=N --steps=M --mode=embedded|distributed|plain-rows --trace   one run, exactly
//   simulation_test --planted                        every planted bug until it is caught

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <string_view>

#include "planted_bugs.h"
#include "world.h"

namespace c4a::simulation {
namespace {

struct Flags {
  std::uint64_t seeds = 1000;
  std::uint64_t first = 1;
  std::optional<std::uint64_t> seed;
  std::size_t steps = 1400;
  std::optional<Mode> mode;
  bool trace = false;
  bool planted = false;
};

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool read_flag(Flags& flags, std::string_view argument) {
  if (argument == "--trace") return flags.trace = true;
  if (argument == "--planted") return flags.planted = true;
  const std::size_t equals = argument.find('=');
  if (equals == std::string_view::npos) return false;
  const std::string_view name = argument.substr(0, equals);
  const std::string_view value = argument.substr(equals + 1);
  if (name == "--mode") {
    flags.mode = parse_mode(value);
    return flags.mode.has_value();
  }
  const auto parsed = number(value);
  if (!parsed) return false;
  if (name == "--seeds")
    flags.seeds = *parsed;
  else if (name == "--first")
    flags.first = *parsed;
  else if (name == "--seed")
    flags.seed = *parsed;
  else if (name == "--steps")
    flags.steps = *parsed;
  else
    return false;
  return true;
}

void report(const Options& options, const Outcome& outcome) {
  fmt::print("FAILED: {}\n  again: simulation_test --seed={} --steps={} --mode={} --trace\n", *outcome.violation,
             options.seed, options.steps, mode_name(options.mode));
  std::fflush(stdout);
}

int run_seeds(const Flags& flags) {
  const auto begun = std::chrono::steady_clock::now();
  Outcome total;
  std::size_t failures = 0;
  const std::uint64_t first = flags.seed.value_or(flags.first);
  const std::uint64_t seeds = flags.seed ? 1 : flags.seeds;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    const Mode mode = flags.mode.value_or(seed % 2 == 0 ? Mode::kDistributed : Mode::kEmbedded);
    const Options options{seed, flags.steps, mode, flags.trace};
    const Outcome outcome = World(options).run();
    total.commands += outcome.commands;
    total.acknowledged_sends += outcome.acknowledged_sends;
    total.replayed += outcome.replayed;
    total.crashes += outcome.crashes;
    if (!outcome.violation) continue;
    report(options, outcome);
    if (++failures == 10) break;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  fmt::print("{} seeds, {} commands, {} acknowledged sends, {} replayed, {} crashes, {} failures, {:.1f} s\n", seeds,
             total.commands, total.acknowledged_sends, total.replayed, total.crashes, failures, took.count());
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace c4a::simulation

int main(int count, char** arguments) {
  c4a::simulation::Flags flags;
  for (int i = 1; i < count; ++i) {
    if (c4a::simulation::read_flag(flags, arguments[i])) continue;
    fmt::print(stderr, "unknown: {}\n", arguments[i]);
    return 2;
  }
  return flags.planted ? c4a::simulation::hunt_planted_bugs() : c4a::simulation::run_seeds(flags);
}
