#pragma once

// `chat4all bench`: the load generator. It judges the server from outside: it has nothing of it but the contract.

#include <span>
#include <string_view>

namespace c4a::bench {

// What follows `bench` on the command line: a workload and its flags. Prints a table (and, with --json FILE, writes the
// same as JSON). The exit code: 0; 1 when the work failed or the server broke a promise; 2 for wrong usage.
// Call it while the process has one thread.
int run_bench(std::span<const std::string_view> args);

}  // namespace c4a::bench
