#include "bench/accounts.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <array>

namespace c4a::bench {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(AccountsTest, CountersOfSeveralPagesAreSummed) {
  std::map<std::string, double, std::less<>> sums;
  add_counters("# HELP a_total Things.\na_total 2\nb_total{status=\"2xx\"} 7\nc 1.5\n", sums);
  add_counters("a_total 40\nd_total 1", sums);
  EXPECT_THAT(sums, ElementsAre(Pair("a_total", 42.0), Pair("c", 1.5), Pair("d_total", 1.0)));
}

TEST(AccountsTest, ProcessesAreAccountedInTheirGroups) {
  const auto groups =
      "one=" + std::to_string(getpid()) + " two=" + std::to_string(getpid()) + "," + std::to_string(getppid());
  const std::array<std::string_view, 2> args = {"--accounts", groups};
  Flags flags(args);
  auto accounts = Accounts::from(flags);
  ASSERT_TRUE(accounts);
  Poller poller;
  ASSERT_TRUE(accounts->open(poller));
  ASSERT_TRUE(accounts->close(poller));
  Report report("x");
  accounts->report(report, 1);
  ASSERT_NE(report.find("cpu_one"), nullptr);
  EXPECT_GE(report.find("cpu_two")->value, 0.0);
}

TEST(AccountsTest, AMistakeIsNamed) {
  for (const std::array<std::string_view, 2> args : {std::array<std::string_view, 2>{"--accounts", "kafka"},
                                                     std::array<std::string_view, 2>{"--counters", "here"}}) {
    Flags flags(args);
    const auto accounts = Accounts::from(flags);
    ASSERT_FALSE(accounts);
    EXPECT_EQ(accounts.error().code, ErrorCode::kInvalidRequest);
  }
}

}  // namespace
}  // namespace c4a::bench
