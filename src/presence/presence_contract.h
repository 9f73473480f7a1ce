#pragma once

// What every Presence must do. An implementation's test instantiates it with a factory:
//   struct MakeMyPresence { std::unique_ptr<Presence> operator()(); };

#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "presence/presence.h"

namespace c4a {

template <class Make>
class PresenceContract : public testing::Test {
 protected:
  void SetUp() override {
    presence->listen([this](const UserId&, const PresenceState& state) {
      const std::lock_guard lock(mutex);
      told.push_back(state.status);
      changed.notify_all();
    });
  }
  // It ends before what it tells.
  void TearDown() override { presence.reset(); }
  // What was told, once it is that many: an implementation may take a moment.
  std::vector<PresenceStatus> told_when(std::size_t count) {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, std::chrono::seconds(5), [&] { return told.size() >= count; });
    return told;
  }
  PresenceStatus status(TimestampMs now) { return presence->get(ana, now).status; }

  const UserId ana{"ana"};
  std::unique_ptr<Presence> presence = Make{}();
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<PresenceStatus> told;
};

TYPED_TEST_SUITE_P(PresenceContract);

TYPED_TEST_P(PresenceContract, AStrangerIsOfflineAndWasNeverSeen) {
  EXPECT_EQ(this->status(1000), PresenceStatus::kOffline);
  EXPECT_FALSE(this->presence->get(this->ana, 1000).last_seen);
}

TYPED_TEST_P(PresenceContract, OnlineAsLongAsOneSocketIsOpen) {
  this->presence->connected(this->ana, 1000);
  this->told_when(1);
  this->presence->connected(this->ana, 1001);
  this->presence->disconnected(this->ana, 1002);
  EXPECT_EQ(this->status(1003), PresenceStatus::kOnline);
  this->presence->disconnected(this->ana, 1004);
  EXPECT_EQ(this->status(1005), PresenceStatus::kOffline);
  EXPECT_EQ(this->told_when(2), (std::vector{PresenceStatus::kOnline, PresenceStatus::kOffline}));
}

TYPED_TEST_P(PresenceContract, AHeartbeatHoldsForAMinute) {
  this->presence->heartbeat(this->ana, false, 1000);
  EXPECT_EQ(this->status(60'999), PresenceStatus::kOnline);
  EXPECT_EQ(this->status(61'000), PresenceStatus::kOffline);
  this->told_when(1);
  this->presence->expire(61'000);
  EXPECT_EQ(this->told_when(2).back(), PresenceStatus::kOffline);
}

TYPED_TEST_P(PresenceContract, AwayHoldsUntilTheNextActivity) {
  this->presence->connected(this->ana, 1000);
  this->presence->heartbeat(this->ana, true, 1001);
  EXPECT_EQ(this->status(1002), PresenceStatus::kAway);
  this->presence->active(this->ana, 1003);
  EXPECT_EQ(this->status(1004), PresenceStatus::kOnline);
  EXPECT_EQ(this->presence->get(this->ana, 1004).last_seen, 1003);
}

TYPED_TEST_P(PresenceContract, ActivityAloneDoesNotMakeOnline) {
  this->presence->active(this->ana, 1000);
  EXPECT_EQ(this->status(1001), PresenceStatus::kOffline);
  EXPECT_EQ(this->presence->get(this->ana, 1001).last_seen, 1000);
}

REGISTER_TYPED_TEST_SUITE_P(PresenceContract, AStrangerIsOfflineAndWasNeverSeen, OnlineAsLongAsOneSocketIsOpen,
                            AHeartbeatHoldsForAMinute, AwayHoldsUntilTheNextActivity, ActivityAloneDoesNotMakeOnline);

}  // namespace c4a
