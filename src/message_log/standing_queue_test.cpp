#include "message_log/standing_queue.h"

#include <gtest/gtest.h>

#include <concepts>

namespace c4a {
namespace {

constexpr std::int64_t kInTimeMs = 250;
constexpr std::size_t kMany = 1'000'000;

// A consumer that works off `per_ms` and leaves what `left` says, every 10 ms.
class StandingQueueTest : public testing::Test {
 protected:
  template <std::invocable Left>
  void work(std::int64_t for_ms, std::uint64_t per_ms, Left left) {
    for (const auto end = now_ + for_ms; now_ < end;) {
      now_ += 10;
      queue_.worked(per_ms * 10, left(), now_);
    }
  }
  void work(std::int64_t for_ms, std::uint64_t per_ms, std::size_t waiting) {
    work(for_ms, per_ms, [waiting] { return waiting; });
  }

  StandingQueue queue_{kInTimeMs};
  std::int64_t now_ = 1'000'000;
};

TEST_F(StandingQueueTest, NothingIsLimitedWhileTheConsumerKeepsUp) {
  work(2'000, 100, 0);
  work(2'000, 100, 20'000);  // 200 ms of work
  EXPECT_TRUE(queue_.admits(kMany));
}

TEST_F(StandingQueueTest, ABurstIsTakenWhole) {
  std::size_t waiting = 25'000;
  work(500, 100, [&waiting] { return waiting -= std::min<std::size_t>(waiting, 1'000); });
  EXPECT_TRUE(queue_.admits(kMany));
}

TEST_F(StandingQueueTest, AQueueThatStaysIsHeldToWhatIsDoneInTime) {
  work(1'000, 100, 60'000);
  EXPECT_TRUE(queue_.admits(24'000));
  EXPECT_FALSE(queue_.admits(26'000));
}

TEST_F(StandingQueueTest, ItIsHeldShortWhileSomeAreRefusedAndNoLonger) {
  work(1'000, 100, 60'000);
  EXPECT_FALSE(queue_.admits(60'000));
  for (int i = 0; i < 20; ++i) {
    work(100, 100, 1'000);
    EXPECT_FALSE(queue_.admits(26'000));
  }
  work(200, 100, 1'000);
  EXPECT_TRUE(queue_.admits(kMany));
}

TEST_F(StandingQueueTest, AFewThatAreSlowAreNoOverload) {
  work(3'000, 1, StandingQueue::kAlwaysRoom);  // 5 s of work
  EXPECT_TRUE(queue_.admits(kMany));
  work(3'000, 1, StandingQueue::kAlwaysRoom + 1);
  EXPECT_FALSE(queue_.admits(kMany));
  EXPECT_TRUE(queue_.admits(StandingQueue::kAlwaysRoom - 1));
}

// A disk that hung: much waits when it is back, and is worked off.
TEST_F(StandingQueueTest, AHaltIsNoOverload) {
  work(1'000, 100, 0);
  now_ += 2'000;
  std::size_t waiting = 20'000;
  work(500, 100, [&waiting] { return waiting -= std::min<std::size_t>(waiting, 1'000); });
  EXPECT_TRUE(queue_.admits(kMany));
}

}  // namespace
}  // namespace c4a
