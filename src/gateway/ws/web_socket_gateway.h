#pragma once

// The WebSocket side of the gateway: what all its connections share.

#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "auth/authenticator.h"
#include "base/worker_pool.h"
#include "gateway/rate_limiter.h"
#include "gateway/ws/credential_watch.h"
#include "message_log/message_log.h"
#include "net/server.h"
#include "sessions/session_hub.h"

namespace c4a {

struct WebSocketOptions {
  std::vector<std::string> allowed_origins;  // besides the own one and none
  int heartbeat_seconds = 30;
  int auth_timeout_s = 10;
  int token_grace_s = 60;  // a socket outlives its token by this
};

struct WebSocketServices {
  Authenticator& authenticator;
  MessageLog& log;
  MessageStore& store;
  Presence& presence;
  RateLimiter& sends;
  WorkerPool& workers;
  const Clock& clock;
};

class WebSocketGateway {
 public:
  WebSocketGateway(WebSocketServices services, WebSocketOptions options)
      : services_(services), options_(std::move(options)) {}

  // Before the server listens: one hub for each event loop.
  void add_hub(SessionHub& hub) { loops_.try_emplace(&hub.loop(), hub); }
  SessionHub& hub_of(net::EventLoop& loop) { return loops_.at(&loop).hub; }
  CredentialWatch& watch_of(net::EventLoop& loop) { return loops_.at(&loop).watch; }

  std::unique_ptr<net::WebSocketListener> accept(const net::HttpRequest& request, net::WebSocket& socket);

  Presence& presence() { return services_.presence; }
  const WebSocketServices& services() const { return services_; }
  const WebSocketOptions& options() const { return options_; }

 private:
  struct Loop {
    explicit Loop(SessionHub& of) : hub(of), watch(of.loop()) {}
    SessionHub& hub;
    CredentialWatch watch;
  };

  bool allows_origin(const net::HttpRequest& request) const;

  WebSocketServices services_;
  const WebSocketOptions options_;
  std::unordered_map<net::EventLoop*, Loop> loops_;
};

// RFC 6455 close codes of our own.
inline constexpr std::uint16_t kCloseAuth = 4001;
inline constexpr std::uint16_t kCloseOrigin = 4003;
inline constexpr std::uint16_t kCloseSlow = 4008;
inline constexpr std::uint16_t kCloseRate = 4029;

}  // namespace c4a
