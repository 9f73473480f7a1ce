// The bus and presence on a real Redis: CHAT4ALL_TEST_REDIS=host:port, CHAT4ALL_TEST_REDIS_PASSWORD (`make servers`).

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>

#include "base/clock.h"
#include "base/uuid.h"
#include "presence/bus_frame.h"
#include "presence/presence_contract.h"
#include "presence/redis/redis_gateway_bus.h"
#include "presence/redis/redis_presence.h"
#include "presence/redis/redis_router_bus.h"

namespace c4a {
namespace {

const char* server() { return std::getenv("CHAT4ALL_TEST_REDIS"); }

RedisOptions own_keys() {
  RedisOptions options;
  options.address = server();
  if (const char* password = std::getenv("CHAT4ALL_TEST_REDIS_PASSWORD")) options.password = password;
  options.prefix = "test:" + Uuid::v7(system_clock().now_ms()).str() + ":";
  return options;
}

struct MakeRedisPresence {
  std::unique_ptr<Presence> operator()() { return std::make_unique<RedisPresence>(own_keys(), 1); }
};

INSTANTIATE_TYPED_TEST_SUITE_P(Redis, PresenceContract, MakeRedisPresence);

bool eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 500; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}

class Inbox final : public GatewayInbox {
 public:
  void live(LiveEvent event) override { note("live " + std::to_string(event.seq.value)); }
  void decided(std::uint64_t request, Result<Decision>) override { note("decided " + std::to_string(request)); }
  void lost() override { ++losses; }
  std::vector<std::string> notes() {
    const std::lock_guard lock(mutex_);
    return notes_;
  }
  std::atomic<int> losses{0};

 private:
  void note(std::string text) {
    const std::lock_guard lock(mutex_);
    notes_.push_back(std::move(text));
  }
  std::mutex mutex_;
  std::vector<std::string> notes_;
};

LiveEvent live(std::uint64_t seq) {
  LiveEvent event;
  event.seq = Seq{seq};
  event.frame = std::make_shared<const std::string>("{}");
  return event;
}

TEST(RedisBusLiveTest, GatewaysGetEveryEventInOrderAndTheirOwnDecisionsInTheirPlaces) {
  const auto options = own_keys();
  Inbox one;
  Inbox two;
  RedisGatewayBus first(options, 11, one);
  RedisGatewayBus second(options, 22, two);
  first.start();
  second.start();
  RedisBusSender sender(options, 1);
  const auto bus = sender.open_bus();
  // Both are known once their first frame from this router has come.
  ASSERT_TRUE(eventually([&] { return one.losses > 0 && two.losses > 0; }));
  bus->publish(live(1));
  bus->answer({11, 100}, Decision{});
  bus->publish(live(2));
  bus->flush();
  bus->publish(live(3));
  bus->flush();
  EXPECT_TRUE(eventually([&] { return one.notes().size() == 4 && two.notes().size() == 3; }));
  EXPECT_EQ(one.notes(), (std::vector<std::string>{"live 1", "decided 100", "live 2", "live 3"}));
  EXPECT_EQ(two.notes(), (std::vector<std::string>{"live 1", "live 2", "live 3"}));
  EXPECT_EQ(one.losses, 1) << "only that the router was new";
}

TEST(RedisBusLiveTest, ASilentRouterIsALossEachSecondAndOneThatLeftIsNone) {
  const auto options = own_keys();
  Inbox inbox;
  RedisGatewayBus gateway(options, 11, inbox);
  gateway.start();
  {
    RedisBusSender leaves(options, 1);
    ASSERT_TRUE(eventually([&] { return inbox.losses == 1; })) << "a new router";
  }
  ASSERT_TRUE(eventually([&] { return inbox.losses == 2; })) << "it has left";
  std::this_thread::sleep_for(std::chrono::milliseconds(FrameOrder::kSilentAfterMs + 1500));
  EXPECT_EQ(inbox.losses, 2);

  // One that says something once, as if it were cut off from Redis after that.
  RedisConnection cut_off(options);
  ASSERT_TRUE(cut_off.connect());
  ASSERT_TRUE(cut_off.ask({"PUBLISH", options.prefix + "gateway:11", bus_frame({2, 1}, {})}));
  EXPECT_TRUE(eventually([&] { return inbox.losses >= 5; })) << "new, and then again and again";
}

TEST(RedisBusLiveTest, WithoutRedisLossesAreToldAgainAndAgain) {
  RedisOptions options;
  options.address = "127.0.0.1:9";
  Inbox inbox;
  RedisGatewayBus gateway(options, 1, inbox);
  gateway.start();
  EXPECT_TRUE(eventually([&] { return inbox.losses >= 2; }));
  EXPECT_FALSE(gateway.up());
  EXPECT_FALSE(gateway.check());
}

// A server that takes connections and says nothing, as a process does that was stopped.
class SilentServer {
 public:
  SilentServer() {
    fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(fd_, 64), 0);
    EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~SilentServer() { ::close(fd_); }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  int fd_ = -1;
  int port_ = 0;
};

TEST(RedisBusLiveTest, AHungRedisIsNamedAndLossesAreToldAgainAndAgain) {
  const SilentServer hung;
  RedisOptions options;
  options.address = hung.address();
  Inbox inbox;
  RedisGatewayBus gateway(options, 1, inbox);
  gateway.start();
  EXPECT_TRUE(eventually([&] { return inbox.losses >= 3; }));
  ASSERT_FALSE(gateway.check());
  EXPECT_NE(gateway.check().error().detail.find(hung.address()), std::string::npos) << gateway.check().error().detail;
}

// Pauses the real server for some seconds: connections stay open, nothing answers.
TEST(RedisBusLiveTest, ARedisThatHangsLaterIsNoticedAndComesBack) {
  const auto options = own_keys();
  Inbox inbox;
  RedisGatewayBus gateway(options, 1, inbox);
  gateway.start();
  ASSERT_TRUE(eventually([&] { return gateway.up(); }));
  {
    RedisConnection other(options);
    ASSERT_TRUE(other.connect());
    ASSERT_TRUE(other.ask({"CLIENT", "PAUSE", "9000", "ALL"}));
  }
  ASSERT_TRUE(eventually([&] { return !gateway.up(); }));
  const int before = inbox.losses;
  EXPECT_TRUE(eventually([&] { return inbox.losses >= before + 2; }));
  EXPECT_TRUE(eventually([&] { return gateway.up() && gateway.check().has_value(); }));
}

// On one machine all clocks are one: `faketime -f -1h` before this program sets its own back.
TEST(RedisBusLiveTest, AGatewayIsFoundWhateverItsClockSays) {
  const auto options = own_keys();
  Inbox inbox;
  RedisGatewayBus gateway(options, 7, inbox);
  gateway.start();
  RedisConnection other(options);
  ASSERT_TRUE(other.connect());
  const auto score_of = [&]() -> std::int64_t {
    const auto answer = other.ask({"ZSCORE", options.prefix + "gateways", "7"});
    return answer && (*answer)->type == REDIS_REPLY_STRING ? std::stoll((*answer)->str) : 0;
  };
  ASSERT_TRUE(eventually([&] { return score_of() != 0; }));
  const auto time = other.ask({"TIME"});
  ASSERT_TRUE(time);
  const std::int64_t now = std::stoll((*time)->element[0]->str) * 1000;
  EXPECT_LT(std::abs(score_of() - now), 2500);
}

TEST(RedisConnectionLiveTest, WhatIsWrongIsOneSentence) {
  RedisOptions options = own_keys();
  options.password = "wrong";
  const auto refused = RedisConnection(options).connect();
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail.find("password"), std::string::npos) << refused.error().detail;
  options.address = "127.0.0.1:9";
  EXPECT_NE(RedisConnection(options).connect().error().detail.find("127.0.0.1:9"), std::string::npos);
}

TEST(RedisPresenceLiveTest, AUserIsOnlineAsLongAsAnyGatewayHoldsASocket) {
  const auto options = own_keys();
  RedisPresence one(options, 1);
  RedisPresence two(options, 2);
  std::mutex mutex;
  std::vector<PresenceStatus> told;
  one.listen([&](const UserId&, const PresenceState& state) {
    const std::lock_guard lock(mutex);
    told.push_back(state.status);
  });
  two.listen([](const UserId&, const PresenceState&) {});
  const UserId ana{"ana"};
  const auto now = [] { return system_clock().now_ms(); };
  std::this_thread::sleep_for(std::chrono::milliseconds(300));  // until both listen
  one.connected(ana, now());
  two.connected(ana, now());
  EXPECT_TRUE(eventually([&] { return two.get(ana, now()).status == PresenceStatus::kOnline; }));
  one.disconnected(ana, now());
  EXPECT_TRUE(eventually([&] { return one.get(ana, now()).status == PresenceStatus::kOnline; }));
  two.disconnected(ana, now());
  EXPECT_TRUE(eventually([&] { return one.get(ana, now()).status == PresenceStatus::kOffline; }));
  EXPECT_TRUE(eventually([&] {
    const std::lock_guard lock(mutex);
    return told == std::vector{PresenceStatus::kOnline, PresenceStatus::kOffline};
  }));
  EXPECT_TRUE(one.get(ana, now()).last_seen.has_value());
}

TEST(RedisPresenceLiveTest, WhatADeadGatewayWroteRunsOut) {
  const auto options = own_keys();
  const UserId ana{"ana"};
  const TimestampMs now = system_clock().now_ms();
  RedisPresence two(options, 2);
  two.listen([](const UserId&, const PresenceState&) {});
  {
    RedisPresence one(options, 1);
    one.listen([](const UserId&, const PresenceState&) {});
    one.connected(ana, now);
    EXPECT_TRUE(eventually([&] { return two.get(ana, now).status == PresenceStatus::kOnline; }));
  }
  EXPECT_EQ(two.get(ana, now + 15'001).status, PresenceStatus::kOffline);
}

}  // namespace
}  // namespace c4a

int main(int argc, char** argv) {
  if (c4a::server() == nullptr) {
    std::puts("SKIPPED: no Redis. Set CHAT4ALL_TEST_REDIS=host:port (`make servers` starts one).");
    return 0;
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
