#pragma once

// The routers of one process: one, with a thread of its own, for each partition of a shared log that the process owns
// at the moment. A partition that comes back gets a new router, so that nothing is remembered from before.

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "message_log/partition_owner.h"
#include "presence/router_bus.h"
#include "router/router.h"

namespace c4a {

class RouterGroup final : public PartitionOwner {
 public:
  using MakeBus = std::function<std::unique_ptr<RouterBus>()>;

  RouterGroup(MessageStore& store, MakeBus make_bus, const Clock& clock, RouterOptions options);
  // Every partition must have been revoked.
  ~RouterGroup() override;

  void assigned(std::shared_ptr<SharedLogPartition> partition) override;
  void revoked(int number) override;

  // Any thread may read.
  const RouterCounters& counters() const { return counters_; }
  std::size_t partitions() const;

 private:
  struct Running {
    Running(std::shared_ptr<SharedLogPartition> of, RouterGroup& group);
    std::shared_ptr<SharedLogPartition> partition;
    std::unique_ptr<RouterBus> bus;
    Router router;
    std::jthread thread;
  };

  MessageStore& store_;
  const MakeBus make_bus_;
  const Clock& clock_;
  const RouterOptions options_;
  RouterCounters counters_;
  mutable std::mutex mutex_;
  std::map<int, std::unique_ptr<Running>> running_;
};

}  // namespace c4a
