#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "presence/live_bus.h"

namespace c4a {

// Where the events for one event loop's sessions arrive.
class LiveSink {
 public:
  virtual ~LiveSink() = default;
  // Router thread; hands over to the loop and returns.
  virtual void deliver(SharedEvent event) = 0;
};

// The bus of one process: it hands an event to the loops on which somebody of its audience is connected.
class MemoryLiveBus final : public LiveBus {
 public:
  // At most 64 sinks, before anything is published.
  explicit MemoryLiveBus(std::vector<LiveSink*> sinks) : sinks_(std::move(sinks)) {}
  void add_sink(LiveSink* sink) { sinks_.push_back(sink); }

  // The first session of `user` on that sink opened, and the last one closed. Any thread; calls come in pairs. What is
  // published after `attach` returned reaches the sink.
  void attach(const UserId& user, std::size_t sink);
  void detach(const UserId& user, std::size_t sink);

  void publish(LiveEvent event) override;

 private:
  using LoopMask = std::uint64_t;
  struct Shard {
    std::mutex mutex;
    std::unordered_map<UserId, LoopMask> sinks;
  };

  Shard& shard_of(const UserId& user) { return shards_[std::hash<UserId>{}(user) % shards_.size()]; }
  LoopMask loops_of(const UserId& user);
  LoopMask loops_of(const std::vector<UserId>& audience);

  std::vector<LiveSink*> sinks_;
  std::array<Shard, 64> shards_;
};

}  // namespace c4a
