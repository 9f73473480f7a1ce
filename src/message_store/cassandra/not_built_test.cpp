#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "message_store/cassandra/open.h"

namespace c4a {
namespace {

TEST(CassandraNotBuiltTest, OpeningSaysHowToGetIt) {
  const auto opened = open_cassandra_message_store({});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kNotImplemented);
  EXPECT_THAT(opened.error().detail, testing::HasSubstr("-DC4A_CASSANDRA=ON"));
  EXPECT_EQ(create_cassandra_schema({}).error().code, ErrorCode::kNotImplemented);
}

}  // namespace
}  // namespace c4a
