#pragma once

// The HTTP/1.1 and WebSocket server: sockets, parsing, limits, timeouts and TLS. What requests mean is the Service's
// business.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/event_loop.h"
#include "net/frame.h"
#include "net/http_message.h"

namespace c4a::net {

struct ServerLimits {
  std::size_t header_bytes = 16 * 1024;    // request line and header fields together; more: 431
  std::size_t target_bytes = 8 * 1024;     // the request target alone; more: 414
  std::size_t body_bytes = 1024 * 1024;    // more: 413
  std::size_t frame_bytes = 256 * 1024;    // one WebSocket message, whole; more: close 4009
  int header_timeout_s = 10;               // from a request's first byte (or the TCP accept) to its headers' end; 408
  int body_timeout_s = 30;                 // from the headers' end to the body's end; 408
  int idle_timeout_s = 75;                 // a kept-alive connection without a request
  std::size_t connections = 100'000;       // more: accepted and closed at once
  std::size_t output_bytes = 1024 * 1024;  // a WebSocket's unsent output past this: `on_slow`
};

// Answers one request, from any thread, once; later answers are ignored, and so are answers to a connection that is
// gone. From the connection's own loop the answer is written before `send` returns, from elsewhere it is posted. Every
// request must be answered: the connection waits for it without a time limit. The loop must outlive the reply.
class HttpReply {
 public:
  HttpReply() = default;
  void send(HttpResponse response) const;
  EventLoop& loop() const;

  struct Target;
  explicit HttpReply(std::shared_ptr<Target> target) : target_(std::move(target)) {}

 private:
  std::shared_ptr<Target> target_;
};

// A WebSocket after its upgrade (RFC 6455). Loop thread only. Owned by its connection: never keep a pointer past
// `WebSocketListener::on_closed`.
class WebSocket {
 public:
  virtual ~WebSocket() = default;
  // Queues one JSON frame; ignored once `close` was called. What is queued in one turn of the loop leaves in one write,
  // as few WebSocket text messages as `frame_bytes` allows, frames joined by '\n'.
  virtual void send(SharedFrame frame) = 0;
  // Sends what is queued, then a close frame; waits up to 2 s for the peer's, then closes. Nothing can be sent after,
  // and nothing that comes is told any more but `on_closed`, which never comes from inside this call. A peer that does
  // not read is given 5 s for what is queued; if that is more than `output_bytes`, it is dropped, save a message that
  // has begun, so that a slow peer sees the code.
  virtual void close(std::uint16_t code, std::string_view reason) = 0;
  // Reads nothing more for so long, but what has been read is still told. What the peer sends meanwhile waits in its
  // socket and is read at once then; a peer that sends more than fits has to wait.
  virtual void rest_ms(std::int64_t duration_ms) = 0;
  // All that the kernel has not taken yet.
  virtual std::size_t queued_bytes() const = 0;
  virtual EventLoop& loop() = 0;
};

// What the server tells about one WebSocket. Loop thread only.
class WebSocketListener {
 public:
  virtual ~WebSocketListener() = default;
  // One whole text message, valid UTF-8, put together from its fragments. The view ends with the call, and kReadPadding
  // readable bytes follow it.
  virtual void on_text(std::string_view message) = 0;
  // All queued output has been handed to the kernel. What is sent from here leaves in the next turn.
  virtual void on_drained() {}
  // More than `output_bytes` are unsent after a turn's write: the listener closes with its own code. Told once.
  virtual void on_slow() {}
  // A WebSocket ping was answered, or a pong came.
  virtual void on_ping() {}
  // The last call, exactly once, for whatever reason; from the destructor of Server on that one's thread.
  virtual void on_closed() = 0;
};

class Service {
 public:
  virtual ~Service() = default;
  // Called on the connection's loop thread, one request of a connection at a time.
  virtual void on_request(const HttpRequest& request, HttpReply reply) = 0;
  // A valid upgrade on any path for which `wants_websocket` said yes: answered 101, then this. Never null.
  virtual bool wants_websocket(const HttpRequest& request) = 0;
  virtual std::unique_ptr<WebSocketListener> on_websocket(const HttpRequest& request, WebSocket& socket) = 0;
  // The body of the answer to what could not be parsed, timed out or passed a limit.
  virtual HttpResponse on_protocol_error(const Error& error) = 0;
};

class TlsContext;  // tls.h

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;                       // 0: the kernel chooses, see Server::port
  std::string control_socket_path;                 // Unix socket whose requests are `local`; empty: none. Mode 0600.
  std::string websocket_protocol = "chat4all.v1";  // answered if the client offers it
  ServerLimits limits;
  std::shared_ptr<TlsContext> tls;  // null: plain
};

// Listens, and spreads accepted connections over the loops in turn. To be destroyed after its loops were stopped (or
// before they run), and before the Service; connections that are left are closed then.
class Server {
 public:
  // SIGPIPE is ignored from here on, in the whole process: OpenSSL writes to sockets whose peer may be gone.
  // Fails with: kUnavailable when the address is taken or cannot be bound (the sentence says so).
  static Result<std::unique_ptr<Server>> listen(ServerOptions options, std::vector<EventLoop*> loops, Service& service);
  virtual ~Server() = default;

  virtual std::uint16_t port() const = 0;
  // Accepted and not yet closed, WebSockets among them. Any thread, as `port`.
  virtual std::size_t open_connections() const = 0;

  // Any thread. Stops accepting; idle connections close, requests that run are answered with `Connection: close`,
  // WebSockets get close code 1012 after their queued output.
  virtual void drain() = 0;
};

}  // namespace c4a::net
