#include "base/memory_limit.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace c4a {
namespace {

TEST(MemoryLimitTest, IsNoMoreThanTheMachineHas) {
  const auto physical =
      static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  EXPECT_GT(memory_limit(), 1u << 20);
  EXPECT_LE(memory_limit(), physical);
}

}  // namespace
}  // namespace c4a
