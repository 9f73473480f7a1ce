#include "base/uuid.h"

#include <gtest/gtest.h>

namespace c4a {
namespace {

TEST(UuidTest, AnyCaseIsReadAndLowerCaseWritten) {
  const auto id = Uuid::parse("0190A1B2-c3d4-7E5F-8a6b-7C8d9E0f1a2b");
  ASSERT_TRUE(id);
  EXPECT_EQ(id->str(), "0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b");
}

TEST(UuidTest, OnlyTheCanonicalFormIsAUuid) {
  for (const char* text : {"", "x", "0190a1b2c3d47e5f8a6b7c8d9e0f1a2b", "{0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b}",
                           "0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2g", "0190a1b2-c3d4-7e5f-8a6b7-c8d9e0f1a2b"}) {
    EXPECT_FALSE(Uuid::parse(text)) << text;
  }
}

TEST(UuidTest, Version7IsOrderedByTime) {
  const Uuid early = Uuid::v7(1000);
  const Uuid late = Uuid::v7(2000);
  EXPECT_LT(early, late);
  EXPECT_EQ(early.bytes[6] >> 4, 7);
  EXPECT_EQ(early.bytes[8] >> 6, 2);
}

TEST(UuidTest, TheSameNameGivesTheSameId) {
  EXPECT_EQ(Uuid::from_name("a"), Uuid::from_name("a"));
  EXPECT_NE(Uuid::from_name("a"), Uuid::from_name("b"));
}

}  // namespace
}  // namespace c4a
