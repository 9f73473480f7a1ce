#pragma once

// Presence over several gateways. Each keeps its own sockets in memory and writes what it knows of a user into a hash
// in Redis, one field a gateway; a script finds whether that changes what the user is, and tells all gateways. Redis
// may lose it all: every gateway writes again, within a few seconds. While Redis is away each knows only its own.

#include <array>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <unordered_set>

#include "presence/memory_presence.h"
#include "presence/redis/redis_connection.h"

namespace c4a {

class RedisPresence final : public Presence {
 public:
  RedisPresence(RedisOptions options, std::uint64_t gateway);
  ~RedisPresence() override;

  std::shared_ptr<LiveUser> connected(const UserId& user, TimestampMs now) override;
  void disconnected(const UserId& user, TimestampMs now) override;
  void active(const UserId& user, TimestampMs now) override;
  void heartbeat(const UserId& user, bool away, TimestampMs now) override;
  // Asks Redis, for up to a second; what this gateway knows itself where Redis does not answer.
  PresenceState get(const UserId& user, TimestampMs now) override;
  void expire(TimestampMs now) override;
  void forget(const UserId& user) override;
  // Told on a thread of its own. Waits a second at most for Redis, so that nothing that follows is missed.
  void listen(Listener listener) override;

 private:
  void write(const UserId& user, TimestampMs now);
  void at(TimestampMs now);
  void serve_writes(const std::stop_token& stop);
  void serve_changes(const std::stop_token& stop);
  // The write script by its name in Redis; empty where it cannot be loaded.
  const std::string& script();
  bool write_all(const std::vector<std::pair<UserId, TimestampMs>>& users);
  void told(std::string_view change);
  std::string key_of(const UserId& user) const { return options_.prefix + "presence:" + user.text; }

  const RedisOptions options_;
  const std::string gateway_;
  MemoryPresence local_;
  Listener listener_;

  std::mutex mutex_;
  std::condition_variable_any arrived_;
  std::unordered_map<UserId, TimestampMs> dirty_;  // to be written, with the time of the change

  std::mutex asks_mutex_;
  RedisConnection asks_;
  RedisConnection writes_;
  RedisConnection changes_;
  std::string script_;          // the writer's: its SHA-1, while the connection is the one that loaded it
  std::atomic<bool> up_{true};  // until shown otherwise
  std::atomic<bool> hears_{false};
  std::atomic<TimestampMs> newest_call_{0};  // when what is told to `local_` happened
  std::jthread writer_;
  std::jthread hearer_;
};

}  // namespace c4a
