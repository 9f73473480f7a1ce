// The generator without the server's program around it.

#include <string_view>
#include <vector>

#include "bench/bench.h"

int main(int argc, char** argv) {
  const std::vector<std::string_view> args(argv + 1, argv + argc);
  return c4a::bench::run_bench(args);
}
