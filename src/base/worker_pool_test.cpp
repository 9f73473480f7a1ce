#include "base/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>

namespace c4a {
namespace {

TEST(WorkerPoolTest, AnotherTaskRunsWhileOneWaits) {
  std::promise<void> brought;
  std::promise<void> went_on;
  WorkerPool pool(1, 10);
  ASSERT_TRUE(pool.post([&] {
    const WorkerPool::Waiting others_run;
    brought.get_future().wait();
    went_on.set_value();
  }));
  ASSERT_TRUE(pool.post([&] { brought.set_value(); }));
  went_on.get_future().wait();
}

TEST(WorkerPoolTest, NoMoreThanTheGivenNumberRunsAtOnce) {
  constexpr int kTasks = 400;
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  std::latch all(kTasks);
  WorkerPool pool(2, kTasks);
  for (int i = 0; i < kTasks; ++i) {
    ASSERT_TRUE(pool.post([&] {
      const int now = ++running;
      int before = most;
      while (now > before && !most.compare_exchange_weak(before, now)) {
      }
      std::this_thread::yield();
      --running;
      all.count_down();
    }));
  }
  all.wait();
  EXPECT_LE(most, 2);
}

TEST(WorkerPoolTest, MoreThanMayWaitAtOnceStillComeToTheirEnd) {
  constexpr std::size_t kTasks = 2 * WorkerPool::kSpare;
  std::latch all(kTasks);
  WorkerPool pool(2, kTasks);
  for (std::size_t i = 0; i < kTasks; ++i) {
    ASSERT_TRUE(pool.post([&] {
      const WorkerPool::Waiting others_run;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      all.count_down();
    }));
  }
  all.wait();
}

TEST(WorkerPoolTest, StoppingFinishesWhatIsQueuedAndWhatWaits) {
  std::atomic<int> finished = 0;
  {
    WorkerPool pool(1, 100);
    for (int i = 0; i < 50; ++i) {
      ASSERT_TRUE(pool.post([&] {
        const WorkerPool::Waiting others_run;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        ++finished;
      }));
    }
  }
  EXPECT_EQ(finished, 50);
}

TEST(WorkerPoolTest, ATaskTooManyIsNotTaken) {
  std::promise<void> go;
  std::latch begun(1);
  WorkerPool pool(1, 1);
  ASSERT_TRUE(pool.post([&] {
    begun.count_down();
    go.get_future().wait();
  }));
  begun.wait();
  EXPECT_TRUE(pool.post([] {}));
  EXPECT_FALSE(pool.post([] {}));
  EXPECT_EQ(pool.queued(), 1U);
  go.set_value();
}

TEST(WorkerPoolTest, OutsideAPoolWaitingDoesNothing) { const WorkerPool::Waiting nobody; }

}  // namespace
}  // namespace c4a
