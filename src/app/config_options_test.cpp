#include "app/config_options.h"

#include <gtest/gtest.h>

#include <set>

namespace c4a {
namespace {

TEST(ConfigOptionsTest, EveryDefaultIsWithinItsOwnBounds) {
  const Config defaults;
  for (const Option& option : options()) {
    Config config;
    EXPECT_EQ(option.assign(config, option.read(defaults)), std::nullopt) << option.key;
    EXPECT_EQ(config, defaults) << option.key;
  }
}

TEST(ConfigOptionsTest, NamesAreUniqueAndSectionsStandTogether) {
  std::set<std::string> names;
  std::set<std::string_view> sections;
  std::string_view section;
  for (const Option& option : options()) {
    EXPECT_TRUE(names.insert(option.environment_name()).second) << option.key;
    if (option.section() != section) {
      EXPECT_TRUE(sections.insert(option.section()).second) << option.key;
    }
    section = option.section();
    EXPECT_TRUE(option.help.ends_with('.')) << option.key;
  }
}

TEST(ConfigOptionsTest, TheEnvironmentNameSpellsTheWholeKey) {
  EXPECT_EQ(find_option("server.tls.key")->environment_name(), "CHAT4ALL_SERVER__TLS__KEY");
  EXPECT_EQ(find_option("limits.sends_per_second_per_user")->environment_name(),
            "CHAT4ALL_LIMITS__SENDS_PER_SECOND_PER_USER");
}

TEST(ConfigOptionsTest, AMistypedKeyFindsItsNeighbour) {
  EXPECT_EQ(nearest_option("limits.body_byte")->key, "limits.body_bytes");
  EXPECT_EQ(nearest_option("servr.listen")->key, "server.listen");
  EXPECT_EQ(nearest_option("auth.frame_bytes")->key, "limits.frame_bytes");
  EXPECT_EQ(nearest_option("something.else_entirely"), nullptr);
}

TEST(ConfigOptionsTest, TextIsReadAsTheKindItMustBe) {
  EXPECT_EQ(option_value(OptionKind::kBoolean, "true"), OptionValue(true));
  EXPECT_EQ(option_value(OptionKind::kBoolean, "yes"), std::nullopt);
  EXPECT_EQ(option_value(OptionKind::kInteger, "-5"), OptionValue(std::int64_t{-5}));
  for (const auto* text : {"", "5 ", "5s", "0x5", "1.5", "99999999999999999999"}) {
    EXPECT_EQ(option_value(OptionKind::kInteger, text), std::nullopt) << text;
  }
  EXPECT_EQ(option_value(OptionKind::kList, "a, b"), OptionValue(std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(option_value(OptionKind::kList, ""), OptionValue(std::vector<std::string>{}));
  for (const auto* text : {",", "a,", ",a", "a,,b", " "}) {
    EXPECT_EQ(option_value(OptionKind::kList, text), std::nullopt) << text;
  }
}

TEST(ConfigOptionsTest, ARefusedValueChangesNothingAndSaysWhatIsAllowed) {
  Config config;
  const auto complaint = find_option("server.threads")->assign(config, std::int64_t{300});
  EXPECT_EQ(complaint, "must be 0 to 256, not 300");
  EXPECT_EQ(find_option("log.level")->assign(config, std::string("loud")),
            "must be debug or info or warn or error, not \"loud\"");
  EXPECT_EQ(find_option("server.trusted_proxies")->assign(config, std::vector<std::string>{"10.0.0.0/8", "proxy"}),
            "holds \"proxy\", which is none of: IP addresses and networks such as 10.0.0.0/8");
  EXPECT_EQ(find_option("auth.issuer")->assign(config, std::string("a\nb")),
            "must be UTF-8 without control characters");
  EXPECT_EQ(config, Config());
}

}  // namespace
}  // namespace c4a
