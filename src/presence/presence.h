#pragma once

// Presence knows who is online, and when everybody was last active. Implementations: MemoryPresence (embedded, the
// default), RedisPresence (many gateways). Any thread may call any method; none blocks on I/O but `get`, which may ask
// another server: for worker threads.
//
// Online: a live socket, or a heartbeat in the last 60 s. Away: asked for by a heartbeat, until the next activity.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "domain/ids.h"

namespace c4a {

enum class PresenceStatus : std::uint8_t { kOffline, kOnline, kAway };

std::string_view to_text(PresenceStatus status);  // "online"

struct PresenceState {
  PresenceStatus status = PresenceStatus::kOffline;
  std::optional<TimestampMs> last_seen;  // the last activity; nothing if there was none since the start
};

inline constexpr std::int64_t kHeartbeatHoldsMs = 60'000;

class Presence {
 public:
  virtual ~Presence() = default;

  // A session's own view of its user, so that a frame costs two atomic writes and no look-up.
  struct LiveUser {
    std::atomic<TimestampMs> last_activity{0};
    std::atomic<bool> away{false};
  };

  // A socket opened and closed. Calls come in pairs.
  virtual std::shared_ptr<LiveUser> connected(const UserId& user, TimestampMs now) = 0;
  virtual void disconnected(const UserId& user, TimestampMs now) = 0;
  // Something authenticated was asked by the user; ends `away`.
  virtual void active(const UserId& user, TimestampMs now) = 0;
  virtual void heartbeat(const UserId& user, bool away, TimestampMs now) = 0;
  virtual PresenceState get(const UserId& user, TimestampMs now) = 0;
  // Called every second or so: heartbeats that ran out make their users offline.
  virtual void expire(TimestampMs now) = 0;
  virtual void forget(const UserId& user) = 0;

  // Told of each change of status, on the thread that caused it or one of Presence's own; must be quick. Set once,
  // before anything else.
  using Listener = std::function<void(const UserId&, const PresenceState&)>;
  virtual void listen(Listener listener) = 0;
};

}  // namespace c4a
