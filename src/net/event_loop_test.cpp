#include "net/event_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "net/unique_fd.h"

namespace c4a::net {
namespace {

using testing::ElementsAre;

// Runs the loop on this thread until a task stops it.
class EventLoopTest : public testing::Test {
 protected:
  void note(std::string what) { seen_.push_back(std::move(what)); }
  void note_and_stop(std::string what) {
    note(std::move(what));
    loop_.stop();
  }

  EventLoop loop_;
  std::vector<std::string> seen_;
};

TEST_F(EventLoopTest, PostedTasksRunInTheirOrder) {
  for (const char* name : {"a", "b", "c"}) loop_.post([this, name] { note(name); });
  loop_.post([this] { note_and_stop("d"); });
  loop_.run();
  EXPECT_THAT(seen_, ElementsAre("a", "b", "c", "d"));
}

TEST_F(EventLoopTest, EachThreadKeepsItsOrder) {
  constexpr int kTasks = 2000;
  std::vector<int> first;
  std::vector<int> second;
  const auto post_all = [&](std::vector<int>& into) {
    for (int i = 0; i < kTasks; ++i) {
      loop_.post([&, i] {
        into.push_back(i);
        if (first.size() == kTasks && second.size() == kTasks) loop_.stop();
      });
    }
  };
  {
    const std::jthread one([&] { post_all(first); });
    const std::jthread two([&] { post_all(second); });
    loop_.run();
  }
  EXPECT_TRUE(std::ranges::is_sorted(first));
  EXPECT_TRUE(std::ranges::is_sorted(second));
  EXPECT_EQ(first.size() + second.size(), 2u * kTasks);
}

TEST_F(EventLoopTest, ASleepingLoopIsWokenByAPost) {
  std::latch running(1);
  const std::jthread other([&] {
    running.wait();
    loop_.post([this] { note_and_stop("woken"); });
  });
  loop_.post([&] { running.count_down(); });
  loop_.run();
  EXPECT_THAT(seen_, ElementsAre("woken"));
}

TEST_F(EventLoopTest, KnowsItsThread) {
  EXPECT_FALSE(loop_.in_loop_thread());
  bool inside = false;
  loop_.post([&] {
    inside = loop_.in_loop_thread();
    loop_.stop();
  });
  loop_.run();
  EXPECT_TRUE(inside);
  EXPECT_FALSE(loop_.in_loop_thread());
}

TEST_F(EventLoopTest, TimersRunByTheirTimeAndEqualOnesInTheOrderSet) {
  loop_.post([this] {
    loop_.after_ms(6, [this] { note_and_stop("last"); });
    loop_.after_ms(2, [this] { note("first"); });
    loop_.after_ms(2, [this] { note("second"); });
  });
  loop_.run();
  EXPECT_THAT(seen_, ElementsAre("first", "second", "last"));
}

TEST_F(EventLoopTest, ACancelledTimerDoesNotRunAndCancellingARunOneIsHarmless) {
  loop_.post([this] {
    const TimerId cancelled = loop_.after_ms(1, [this] { note("cancelled"); });
    const TimerId run = loop_.after_ms(1, [this] { note("run"); });
    loop_.after_ms(3, [this, run] {
      loop_.cancel(run);
      note_and_stop("end");
    });
    loop_.cancel(cancelled);
  });
  loop_.run();
  EXPECT_THAT(seen_, ElementsAre("run", "end"));
}

TEST_F(EventLoopTest, ATimerIsNotEarly) {
  std::int64_t waited = 0;
  loop_.post([&] {
    loop_.after_ms(5, [&, start = loop_.now_ms()] {
      waited = loop_.now_ms() - start;
      loop_.stop();
    });
  });
  loop_.run();
  EXPECT_GE(waited, 5);
}

TEST_F(EventLoopTest, TheTurnEndsAfterEverythingElseAndWhatItAddsRunsInTheSameTurn) {
  loop_.post([this] {
    loop_.at_turn_end([this] {
      note("end");
      loop_.at_turn_end([this] { note("end of the end"); });
      loop_.post([this] { note_and_stop("next turn"); });
    });
    note("post 1");
  });
  loop_.post([this] { note("post 2"); });
  loop_.run();
  EXPECT_THAT(seen_, ElementsAre("post 1", "post 2", "end", "end of the end", "next turn"));
}

TEST_F(EventLoopTest, TasksLeftAfterStopAreDestroyedUnrun) {
  const auto token = std::make_shared<int>(1);
  loop_.post([this, token] {
    loop_.after_ms(1, [this, token] { note("timer"); });
    loop_.post([this, token] { note("next turn"); });
    loop_.stop();
  });
  loop_.run();
  EXPECT_EQ(token.use_count(), 1);
  loop_.post([this, token] { note("after the end"); });
  EXPECT_EQ(token.use_count(), 1);
  EXPECT_TRUE(seen_.empty());
}

// Two connected sockets, each of which unwatches both when the first of them is ready.
struct Rival final : Pollable {
  void on_ready(std::uint32_t) override {
    ++*calls;
    for (int fd : {own, other}) loop->unwatch(fd);
    loop->post([this] { loop->stop(); });
  }
  EventLoop* loop = nullptr;
  int own = -1;
  int other = -1;
  int* calls = nullptr;
};

TEST_F(EventLoopTest, WhatIsUnwatchedIsNotCalledEvenIfItWasReadyInTheSameTurn) {
  int fds[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
  const UniqueFd a(fds[0]);
  const UniqueFd b(fds[1]);
  int calls = 0;
  Rival first;
  Rival second;
  first.loop = second.loop = &loop_;
  first.calls = second.calls = &calls;
  first.own = second.other = a.get();
  first.other = second.own = b.get();
  loop_.post([&] {
    loop_.watch(a.get(), EPOLLOUT, &first);
    loop_.watch(b.get(), EPOLLOUT, &second);
  });
  loop_.run();
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace c4a::net
