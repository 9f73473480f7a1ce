#include "base/clock.h"

#include <gtest/gtest.h>

namespace c4a {
namespace {

TEST(ClockTest, TimesAreRfc3339WithMilliseconds) {
  EXPECT_EQ(rfc3339(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(rfc3339(1'795'089'600'123), "2026-11-19T12:00:00.123Z");
  EXPECT_EQ(rfc3339(951'782'399'999), "2000-02-28T23:59:59.999Z");
  EXPECT_EQ(rfc3339(951'782'400'000), "2000-02-29T00:00:00.000Z");
  EXPECT_EQ(rfc3339(-1), "1969-12-31T23:59:59.999Z");
}

}  // namespace
}  // namespace c4a
