#pragma once

#include <mutex>

#include "presence/redis/redis_connection.h"

namespace c4a {

// Whether Redis answers, takes the password and is a master, and whether its prefix is free or of `installation`, which
// it then remembers as long as it remembers anything. Fails with: kUnavailable, kConflict, saying what to do.
Result<> check_redis(const RedisOptions& options, const std::string& installation);

// Asks Redis whether it answers, over a connection of its own. Any thread.
class RedisProbe {
 public:
  explicit RedisProbe(RedisOptions options) : connection_(std::move(options)) {}
  // Takes a second or two where Redis hangs. Fails with: kUnavailable, saying what to do.
  Result<> check();

 private:
  std::mutex mutex_;
  RedisConnection connection_;
};

}  // namespace c4a
