#pragma once

// One blocking connection to Redis with a deadline for everything, made anew when it is needed. One thread at a time.
// Inside this folder only.

#include <hiredis/hiredis.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "presence/redis/redis_options.h"

namespace c4a {

class RedisConnection {
 public:
  explicit RedisConnection(RedisOptions options) : options_(std::move(options)) {}

  struct FreeReply {
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
  };
  using Reply = std::unique_ptr<redisReply, FreeReply>;
  using Arguments = std::vector<std::string_view>;

  // Connects where it is not connected. After a failure it waits longer each time, up to a second, before it tries
  // again; until then it fails at once. Fails with: kUnavailable, saying what to do.
  Result<> connect();
  bool connected() const { return context_ != nullptr; }
  void close();

  // An error that Redis answers is an error here too. After any other failure the connection is closed.
  Result<Reply> ask(const Arguments& arguments);
  // All are sent at once; answers are read and thrown away. False: some may not have arrived.
  bool send_all(const std::vector<Arguments>& commands);

  // For a connection that is subscribed: the next message, or nothing within `wait_ms`.
  Result<std::optional<Reply>> next_message(int wait_ms);

 private:
  struct FreeContext {
    void operator()(redisContext* context) const { redisFree(context); }
  };
  Result<std::string> master_address();
  Result<> open(const std::string& address, const std::string& password);
  Result<> closed(std::string_view reason);

  const RedisOptions options_;
  std::unique_ptr<redisContext, FreeContext> context_;
  std::int64_t retry_at_ms_ = 0;
  int failures_ = 0;
};

}  // namespace c4a
