#pragma once

// The routers' end of the bus on Redis: one channel for each gateway. Every gateway gets every live event and hands it
// to its own sessions; a decision goes to its gateway alone. What Redis loses, sessions find in the store.

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "presence/redis/redis_connection.h"
#include "presence/router_bus.h"

namespace c4a {

struct RedisBusCounters {
  std::atomic<std::uint64_t> frames{0};
  std::atomic<std::uint64_t> dropped{0};  // because Redis did not answer, or too much was waiting
};

// One for a process; it has the connection and the thread.
class RedisBusSender {
 public:
  // `router` names this process in its frames. Redis need not answer yet.
  RedisBusSender(RedisOptions options, std::uint64_t router);
  ~RedisBusSender();

  // What waits is not sent any more, but that this router leaves.
  void stop();

  // One for each router thread.
  std::unique_ptr<RouterBus> open_bus();

  // Fails with: kUnavailable, saying what is wrong with Redis.
  Result<> check() const { return health_.check(); }
  const RedisBusCounters& counters() const { return counters_; }

 private:
  friend class RedisRouterBus;
  struct Frame {
    std::string live;                                  // items for every gateway
    std::map<std::uint64_t, std::string> for_gateway;  // `live` with the gateway's decisions in their places
  };
  void put(Frame frame);
  void serve(const std::stop_token& stop);
  void find_gateways();
  void send(const std::vector<Frame>& frames);
  void say_goodbye();
  std::string_view framed(std::uint64_t gateway, std::string_view items, std::deque<std::string>& keep);

  const RedisOptions options_;
  const std::uint64_t router_;
  RedisBusCounters counters_;
  std::mutex mutex_;
  std::condition_variable_any arrived_;
  std::vector<Frame> waiting_;
  std::size_t waiting_bytes_ = 0;
  RedisHealth health_;
  // The thread's own.
  RedisConnection connection_;
  std::map<std::uint64_t, std::uint64_t> gateways_;  // and the counter of the last frame to each
  std::jthread thread_;
};

}  // namespace c4a
