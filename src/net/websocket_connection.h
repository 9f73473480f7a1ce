#pragma once

// One WebSocket, RFC 6455. Small when idle: what it holds besides this object is what is incomplete or unsent.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "net/connection.h"
#include "net/output_queue.h"
#include "net/server.h"
#include "net/websocket_codec.h"

namespace c4a::net {

class WebSocketConnection final : public Connection, public WebSocket {
 public:
  // Takes over a socket that its loop watches already.
  WebSocketConnection(ServerLoop& home, Transport transport);

  // Answers the upgrade and asks the Service for a listener. `early`: what came behind the request. Once.
  void open(const HttpRequest& request, std::span<char> early);

  void send(SharedFrame frame) override;
  void close(std::uint16_t code, std::string_view reason) override;
  void rest_ms(std::int64_t duration_ms) override;
  std::size_t queued_bytes() const override { return queue_.bytes(); }
  EventLoop& loop() override;

  void on_ready(std::uint32_t epoll_events) override;
  void on_turn_end() override;
  void on_deadline() override { end(); }
  void on_drain() override;

 private:
  void on_end() override;
  void read();
  void take(std::span<char> bytes);
  void handle(const WebSocketItem& item);
  void answer_ping(std::string_view payload);
  void peer_closes(const WebSocketItem& item);
  // Writes until all is sent or the kernel takes no more.
  void write();
  bool write_composed();
  void close_sent();
  void stop_resting();
  void update_interest();

  WebSocketDecoder decoder_;
  OutputQueue queue_;
  std::unique_ptr<WebSocketListener> listener_;
  std::string close_frame_;                        // until the queue before it is gone
  std::shared_ptr<WebSocketConnection*> resting_;  // while nothing is read; null once the connection is gone
  bool blocked_ = false;                           // waits for EPOLLOUT
  bool told_slow_ = false;
  bool closing_ = false;     // our close frame is on its way
  bool close_sent_ = false;  // and the kernel has it
  bool peer_closed_ = false;
  bool deaf_ = false;  // what comes is thrown away
};

}  // namespace c4a::net
