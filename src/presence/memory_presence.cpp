#include "presence/memory_presence.h"

#include <vector>

namespace c4a {

std::string_view to_text(PresenceStatus status) {
  switch (status) {
    case PresenceStatus::kOnline:
      return "online";
    case PresenceStatus::kAway:
      return "away";
    case PresenceStatus::kOffline:
      return "offline";
  }
  return "offline";
}

PresenceState MemoryPresence::state_of(const Entry& entry, TimestampMs now) {
  PresenceState state;
  const TimestampMs seen = entry.live->last_activity.load(std::memory_order_relaxed);
  if (seen != 0) state.last_seen = seen;
  if (entry.sockets > 0 || entry.heartbeat_until > now) {
    state.status = entry.live->away.load(std::memory_order_relaxed) ? PresenceStatus::kAway : PresenceStatus::kOnline;
  }
  return state;
}

template <class Change>
void MemoryPresence::update(const UserId& user, TimestampMs now, Change change) {
  PresenceState state;
  {
    Shard& shard = shard_of(user);
    const std::lock_guard lock(shard.mutex);
    Entry& entry = shard.users[user];
    change(entry);
    state = state_of(entry, now);
    if (std::exchange(entry.told, state.status) == state.status) return;
  }
  if (listener_) listener_(user, state);
}

std::shared_ptr<Presence::LiveUser> MemoryPresence::connected(const UserId& user, TimestampMs now) {
  std::shared_ptr<LiveUser> live;
  update(user, now, [&](Entry& entry) {
    ++entry.sockets;
    entry.live->last_activity.store(now, std::memory_order_relaxed);
    entry.live->away.store(false, std::memory_order_relaxed);
    live = entry.live;
  });
  return live;
}

void MemoryPresence::disconnected(const UserId& user, TimestampMs now) {
  update(user, now, [](Entry& entry) { --entry.sockets; });
}

void MemoryPresence::active(const UserId& user, TimestampMs now) {
  update(user, now, [now](Entry& entry) {
    entry.live->last_activity.store(now, std::memory_order_relaxed);
    entry.live->away.store(false, std::memory_order_relaxed);
  });
}

void MemoryPresence::heartbeat(const UserId& user, bool away, TimestampMs now) {
  update(user, now, [away, now](Entry& entry) {
    entry.live->last_activity.store(now, std::memory_order_relaxed);
    entry.live->away.store(away, std::memory_order_relaxed);
    entry.heartbeat_until = now + kHeartbeatHoldsMs;
  });
}

PresenceState MemoryPresence::get(const UserId& user, TimestampMs now) {
  Shard& shard = shard_of(user);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.users.find(user);
  return found == shard.users.end() ? PresenceState{} : state_of(found->second, now);
}

void MemoryPresence::expire(TimestampMs now) {
  for (auto& shard : shards_) {
    std::vector<std::pair<UserId, PresenceState>> changed;
    {
      const std::lock_guard lock(shard.mutex);
      for (auto& [user, entry] : shard.users) {
        if (entry.told == PresenceStatus::kOffline) continue;
        const PresenceState state = state_of(entry, now);
        if (std::exchange(entry.told, state.status) != state.status) changed.emplace_back(user, state);
      }
    }
    if (!listener_) continue;
    for (const auto& [user, state] : changed) listener_(user, state);
  }
}

void MemoryPresence::each_online(TimestampMs now,
                                 const std::function<void(const UserId&, const PresenceState&)>& visit) {
  for (auto& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    for (const auto& [user, entry] : shard.users) {
      const PresenceState state = state_of(entry, now);
      if (state.status != PresenceStatus::kOffline) visit(user, state);
    }
  }
}

void MemoryPresence::forget(const UserId& user) {
  Shard& shard = shard_of(user);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.users.find(user);
  if (found != shard.users.end() && found->second.sockets == 0) shard.users.erase(found);
}

}  // namespace c4a
