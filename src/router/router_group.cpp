#include "router/router_group.h"

#include "base/thread_name.h"

namespace c4a {

RouterGroup::Running::Running(std::shared_ptr<SharedLogPartition> of, RouterGroup& group)
    : partition(std::move(of)),
      bus(group.make_bus_()),
      router(*partition, group.store_, *bus, group.clock_, group.options_, &group.counters_) {
  partition->answer_through(*bus);
  thread = std::jthread([this] {
    name_thread("router");
    router.run();
  });
}

RouterGroup::RouterGroup(MessageStore& store, MakeBus make_bus, const Clock& clock, RouterOptions options)
    : store_(store), make_bus_(std::move(make_bus)), clock_(clock), options_(options) {}

RouterGroup::~RouterGroup() = default;

void RouterGroup::assigned(std::shared_ptr<SharedLogPartition> partition) {
  const int number = partition->number();
  auto running = std::make_unique<Running>(std::move(partition), *this);
  const std::lock_guard lock(mutex_);
  running_[number] = std::move(running);
}

void RouterGroup::revoked(int number) {
  std::unique_ptr<Running> gone;
  {
    const std::lock_guard lock(mutex_);
    const auto found = running_.find(number);
    if (found == running_.end()) return;
    gone = std::move(found->second);
    running_.erase(found);
  }
  gone->thread.join();
}

std::size_t RouterGroup::partitions() const {
  const std::lock_guard lock(mutex_);
  return running_.size();
}

}  // namespace c4a
