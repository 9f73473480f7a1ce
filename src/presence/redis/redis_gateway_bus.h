#pragma once

// A gateway's end of the bus on Redis: what routers send to it, in order, and the notice that something was lost.

#include <atomic>
#include <thread>

#include "presence/frame_order.h"
#include "presence/redis/redis_connection.h"
#include "presence/router_bus.h"
#include "presence/status_order.h"

namespace c4a {

class RedisGatewayBus : private GatewayInbox {
 public:
  // `gateway` names this run of the process. Begins when `start` is called; `inbox` outlives it.
  RedisGatewayBus(RedisOptions options, std::uint64_t gateway, GatewayInbox& inbox);
  ~RedisGatewayBus() override;

  void start();
  // Nothing is told any more once it returns.
  void stop();
  // Whether frames can arrive at present.
  bool up() const { return up_; }
  // Fails with: kUnavailable, saying what is wrong with Redis.
  Result<> check() const { return health_.check(); }
  std::uint64_t losses() const { return losses_; }

 private:
  void serve(const std::stop_token& stop);
  Result<> subscribe();
  void announce();
  void take(std::string_view frame);
  void leaves(std::uint64_t router);
  // Of the frame that is read.
  void live(LiveEvent event) override;
  void decided(std::uint64_t request, Result<Decision> decision) override;
  void lost() override;

  const RedisOptions options_;
  const std::uint64_t gateway_;
  GatewayInbox& inbox_;
  std::atomic<bool> up_{false};
  RedisHealth health_;
  std::atomic<std::uint64_t> losses_{0};
  RedisConnection frames_;  // subscribed
  RedisConnection says_;    // a subscribed connection can say nothing
  FrameOrder order_;
  StatusOrder statuses_;
  std::uint64_t router_ = 0;  // who sent the frame that is read
  std::jthread thread_;
};

}  // namespace c4a
