#include "presence/memory_live_bus.h"

namespace c4a {
namespace {

// A larger audience is almost surely on every loop; looking everybody up would only find that out.
constexpr std::size_t kLookUpAtMost = 32;

}  // namespace

void MemoryLiveBus::attach(const UserId& user, std::size_t sink) {
  Shard& shard = shard_of(user);
  const std::lock_guard lock(shard.mutex);
  shard.sinks[user] |= LoopMask{1} << sink;
}

void MemoryLiveBus::detach(const UserId& user, std::size_t sink) {
  Shard& shard = shard_of(user);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.sinks.find(user);
  if (found == shard.sinks.end()) return;
  found->second &= ~(LoopMask{1} << sink);
  if (found->second == 0) shard.sinks.erase(found);
}

MemoryLiveBus::LoopMask MemoryLiveBus::loops_of(const UserId& user) {
  Shard& shard = shard_of(user);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.sinks.find(user);
  return found == shard.sinks.end() ? 0 : found->second;
}

MemoryLiveBus::LoopMask MemoryLiveBus::loops_of(const std::vector<UserId>& audience) {
  const LoopMask all = sinks_.size() == 64 ? ~LoopMask{0} : (LoopMask{1} << sinks_.size()) - 1;
  if (audience.size() > kLookUpAtMost) return all;
  LoopMask mask = 0;
  for (const auto& user : audience) {
    mask |= loops_of(user);
    if (mask == all) break;
  }
  return mask;
}

void MemoryLiveBus::publish(LiveEvent event) {
  LoopMask mask = event.audience ? loops_of(*event.audience) : 0;
  if (!event.also.text.empty()) mask |= loops_of(event.also);
  if (mask == 0) return;
  const auto shared = std::make_shared<const LiveEvent>(std::move(event));
  for (std::size_t i = 0; i < sinks_.size(); ++i) {
    if ((mask >> i) & 1) sinks_[i]->deliver(shared);
  }
}

}  // namespace c4a
