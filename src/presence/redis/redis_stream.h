#pragma once

// The bytes to and from one Redis, plain or through TLS: hiredis 0.14, which Debian 12 has, knows no TLS, so only its
// parser is used. Blocking, with a deadline for everything. One thread at a time. Inside this folder only.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "presence/redis/redis_options.h"

struct ssl_st;
struct ssl_ctx_st;

namespace c4a {

// Both are parts of a sentence.
struct RedisTrouble {
  std::string what;
  std::string remedy;
};

class RedisStream {
 public:
  // Connects to host:port; with `options.tls` the server's certificate is verified, and must name the host. Nothing,
  // with the cause in `error`, where that fails.
  static std::unique_ptr<RedisStream> open(const std::string& address, const RedisOptions& options,
                                           RedisTrouble& error);
  ~RedisStream();
  RedisStream(const RedisStream&) = delete;
  RedisStream& operator=(const RedisStream&) = delete;

  // Writes all of it within a second or so. False, with the cause in `reason()`, if that failed.
  bool write(std::string_view bytes);
  // Whether there is something to read, or comes within `wait_ms`.
  bool readable(int wait_ms);
  // What has come; empty where nothing came within a second. Nothing, with the cause in `reason()`, once it is closed.
  std::optional<std::string_view> read();
  const std::string& reason() const { return reason_; }

 private:
  RedisStream() = default;
  bool connect_to(const std::string& host, int port);
  bool begin_tls(const std::string& host, const RedisOptions& options);
  // Whether the deadline passed, and nothing else is wrong.
  bool is_late(long result) const;
  void set_reason(long result);

  int fd_ = -1;
  ssl_ctx_st* context_ = nullptr;
  ssl_st* ssl_ = nullptr;
  std::string reason_;
  char buffer_[16384];
};

}  // namespace c4a
