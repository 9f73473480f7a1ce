#include "bench/flags.h"

#include <gtest/gtest.h>

#include <vector>

namespace c4a::bench {
namespace {

using Args = std::vector<std::string_view>;

TEST(FlagsTest, ValuesAreTakenInBothForms) {
  const Args args = {"--pairs", "5", "--rate=7", "--floor"};
  Flags flags(args);
  EXPECT_EQ(flags.number("pairs", 200, 1, 1000, ""), 5U);
  EXPECT_EQ(flags.number("rate", 0, 0, 1000, ""), 7U);
  EXPECT_EQ(flags.text("json", "none", ""), "none");
  EXPECT_TRUE(flags.on("floor", ""));
  EXPECT_FALSE(flags.on("other", ""));
  EXPECT_TRUE(flags.check());
}

TEST(FlagsTest, AnUnknownFlagIsNamed) {
  const Args args = {"--paris", "5"};
  Flags flags(args);
  flags.number("pairs", 200, 1, 1000, "");
  const auto checked = flags.check();
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, ErrorCode::kInvalidRequest);
  EXPECT_NE(checked.error().detail.find("--paris"), std::string::npos);
}

TEST(FlagsTest, ValuesOutOfBoundsAndNoNumbersAreRefused) {
  for (const auto* value : {"0", "1001", "x", "", "-1", "5x"}) {
    const Args args = {"--pairs", value};
    Flags flags(args);
    EXPECT_EQ(flags.number("pairs", 200, 1, 1000, ""), 200U);
    EXPECT_FALSE(flags.check()) << value;
  }
}

TEST(FlagsTest, AFlagWithoutItsValueIsRefused) {
  const Args args = {"--pairs"};
  Flags flags(args);
  flags.number("pairs", 200, 1, 1000, "");
  EXPECT_FALSE(flags.check());
}

TEST(FlagsTest, HelpListsWhatWasAskedForAndStopsTheWork) {
  const Args args = {"--help"};
  Flags flags(args);
  flags.number("pairs", 200, 1, 1000, "pairs of users");
  EXPECT_TRUE(flags.wants_help());
  EXPECT_FALSE(flags.check());
  EXPECT_NE(flags.help().find("pairs of users [200]"), std::string::npos);
}

}  // namespace
}  // namespace c4a::bench
