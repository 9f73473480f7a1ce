#include "metadata_store/postgres/postgres_target.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace c4a {
namespace {

std::string parameter(const PostgresTarget::Host& host, const std::string& name) {
  const auto found = std::ranges::find(host.parameters, name, [](const auto& parameter) { return parameter.first; });
  return found == host.parameters.end() ? "" : found->second;
}

TEST(PostgresTargetTest, EachHostOfTheListGetsItsOwnParameters) {
  const auto target = PostgresTarget::parse("host=a,b,c port=5432,5433,26257 dbname=chat user=u sslmode=require");
  ASSERT_TRUE(target);
  ASSERT_EQ(target->hosts().size(), 3u);
  EXPECT_EQ(target->hosts()[1].name, "b:5433");
  EXPECT_EQ(parameter(target->hosts()[2], "host"), "c");
  EXPECT_EQ(parameter(target->hosts()[2], "port"), "26257");
  EXPECT_EQ(parameter(target->hosts()[2], "sslmode"), "require");
  EXPECT_EQ(target->user(), "u");
  EXPECT_EQ(target->database(), "chat");
}

TEST(PostgresTargetTest, OnePortServesAllHostsAndAUriSaysTheSame) {
  const auto target = PostgresTarget::parse("postgresql://u:p@a,b:5433/chat?target_session_attrs=read-write");
  ASSERT_TRUE(target);
  ASSERT_EQ(target->hosts().size(), 2u);
  EXPECT_EQ(parameter(target->hosts()[1], "port"), "5433");
  EXPECT_EQ(parameter(target->hosts()[0], "target_session_attrs"), "read-write");
  const auto one_port = PostgresTarget::parse("host=a,b port=7");
  ASSERT_TRUE(one_port);
  EXPECT_EQ(one_port->hosts()[0].name, "a:7");
  EXPECT_EQ(one_port->hosts()[1].name, "b:7");
}

TEST(PostgresTargetTest, AnEmptyStringIsTheDefaultHost) {
  const auto target = PostgresTarget::parse("");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->hosts().size(), 1u);
}

TEST(PostgresTargetTest, ABrokenStringIsRefusedWithoutRepeatingIt) {
  for (const char* text :
       {"host=a password='hunter2", "postgresql://u:hunter2@[::1", "hunter2 =", "port=1 hunter2=x"}) {
    const auto target = PostgresTarget::parse(text);
    ASSERT_FALSE(target) << text;
    EXPECT_EQ(target.error().code, ErrorCode::kValidationFailed);
    EXPECT_EQ(target.error().detail.find("hunter2"), std::string::npos);
  }
  EXPECT_FALSE(PostgresTarget::parse("host=a,b,c port=1,2"));
}

TEST(PostgresTargetTest, ThePasswordIsBlottedOut) {
  const auto target = PostgresTarget::parse("host=a password=hunter2");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->redacted("hunter2 and hunter2"), "*** and ***");
}

}  // namespace
}  // namespace c4a
