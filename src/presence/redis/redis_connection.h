#pragma once

// One blocking connection to Redis with a deadline for everything, made anew when it is needed. One thread at a time.
// Inside this folder only.

#include <hiredis/hiredis.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "presence/redis/redis_options.h"
#include "presence/redis/redis_stream.h"

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
  // again; until then it fails at once, with the same words. Fails with: kUnavailable, saying what to do.
  Result<> connect();
  bool connected() const { return stream_ != nullptr; }
  void close();

  // An error that Redis answers is an error here too. After any other failure the connection is closed.
  Result<Reply> ask(const Arguments& arguments);
  // All are sent at once; answers are read and thrown away. False: some may not have arrived.
  bool send_all(const std::vector<Arguments>& commands);

  // For a connection that is subscribed: the next message, or nothing within `wait_ms`. Where nothing comes it asks
  // whether Redis is still there, and closes the connection when that is not answered: call it several times a second.
  Result<std::optional<Reply>> next_message(int wait_ms);

 private:
  struct FreeReader {
    void operator()(redisReader* reader) const { redisReaderFree(reader); }
  };
  Result<std::string> master_address();
  Result<> open(const std::string& address, const std::string& user, const std::string& password,
                std::string_view password_option);
  Result<> closed(const RedisTrouble& trouble);
  // The stream's own reason.
  Result<> broken();
  Result<> ask_whether_it_lives();
  // What is in the reader; nothing where it is not whole yet.
  Result<Reply> parsed();
  // Waits a second for it at most.
  Result<Reply> answer();

  const RedisOptions options_;
  std::string where_;  // what was connected to last
  std::unique_ptr<RedisStream> stream_;
  std::unique_ptr<redisReader, FreeReader> reader_;
  std::int64_t retry_at_ms_ = 0;
  int failures_ = 0;
  Error why_closed_{ErrorCode::kUnavailable, "Redis is not connected yet.", {}, 1};
  // Of a subscribed connection, by the steady clock.
  std::int64_t heard_ms_ = 0;
  std::int64_t asked_ms_ = 0;
};

// What a thread that uses a connection knows of it, for those who ask. Any thread.
class RedisHealth {
 public:
  void found(Result<> state);
  Result<> check() const;

 private:
  mutable std::mutex mutex_;
  Result<> state_;  // well until shown otherwise: the start has asked
};

}  // namespace c4a
