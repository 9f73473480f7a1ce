#pragma once

#include <array>
#include <mutex>
#include <unordered_map>

#include "presence/presence.h"

namespace c4a {

// Presence of one process. Not for several gateways: each would know only its own sockets.
class MemoryPresence final : public Presence {
 public:
  std::shared_ptr<LiveUser> connected(const UserId& user, TimestampMs now) override;
  void disconnected(const UserId& user, TimestampMs now) override;
  void active(const UserId& user, TimestampMs now) override;
  void heartbeat(const UserId& user, bool away, TimestampMs now) override;
  PresenceState get(const UserId& user, TimestampMs now) override;
  void expire(TimestampMs now) override;
  void forget(const UserId& user) override;
  void listen(Listener listener) override { listener_ = std::move(listener); }
  // Everybody who is online or away, one shard at a time.
  void each_online(TimestampMs now, const std::function<void(const UserId&, const PresenceState&)>& visit);

 private:
  struct Entry {
    std::shared_ptr<LiveUser> live = std::make_shared<LiveUser>();
    int sockets = 0;
    TimestampMs heartbeat_until = 0;
    PresenceStatus told = PresenceStatus::kOffline;
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<UserId, Entry> users;
  };

  Shard& shard_of(const UserId& user) { return shards_[std::hash<UserId>{}(user) % shards_.size()]; }
  static PresenceState state_of(const Entry& entry, TimestampMs now);
  // Applies `change` to the user's entry and tells the listener if the status is another one now.
  template <class Change>
  void update(const UserId& user, TimestampMs now, Change change);

  std::array<Shard, 16> shards_;
  Listener listener_;
};

}  // namespace c4a
