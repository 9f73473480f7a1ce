#include "bench/steady_client.h"

#include <gtest/gtest.h>

namespace c4a::bench {
namespace {

TEST(BackoffTest, DoublesUpToItsMostAndIsSpread) {
  std::mt19937_64 random(7);
  Backoff backoff(100, 1000);
  for (const std::int64_t full : {100, 200, 400, 800, 1000, 1000}) {
    const auto waited = backoff.next_us(random);
    EXPECT_GE(waited, full / 2);
    EXPECT_LE(waited, full * 3 / 2);
  }
}

TEST(BackoffTest, BeginsAnewAfterASuccess) {
  std::mt19937_64 random(7);
  Backoff backoff(100, 1000);
  for (int i = 0; i < 20; ++i) backoff.next_us(random);
  backoff.reset();
  EXPECT_LE(backoff.next_us(random), 150);
}

class Owner : public SteadyListener {
 public:
  void on_connecting() override { ++attempts; }
  void on_connected(std::int64_t /*now*/) override {}
  void on_frame(std::string_view /*frame*/, std::int64_t /*now*/) override {}
  void on_disconnected() override {}
  int attempts = 0;
};

TEST(SteadyClientTest, TriesOneAddressAfterTheOtherUntilItIsClosed) {
  Poller poller;
  const std::vector<Endpoint> nobody{{"127.0.0.1", *free_port()}, {"127.0.0.1", *free_port()}};
  std::mt19937_64 random(7);
  SteadyFigures figures;
  Owner owner;
  SteadyClient client({poller, nobody, random, figures}, owner, {"token", "phone", {}}, 0);
  for (std::int64_t now = now_us(), step = 0; owner.attempts < 4 && step < 10'000; ++step, now += 100'000) {
    client.tick(now);  // a clock that runs faster than the real one
    poller.turn(now_us() + 1'000);
  }
  EXPECT_EQ(owner.attempts, 4);
  EXPECT_GE(figures.attempts_failed, 3U);
  EXPECT_EQ(figures.reconnects, 0U);
  client.close();
  client.tick(now_us() + 3'600'000'000);
  EXPECT_EQ(owner.attempts, 4);
}

}  // namespace
}  // namespace c4a::bench
