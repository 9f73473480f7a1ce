#pragma once

// One WebSocket of the generator.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "bench/poller.h"

namespace c4a::bench {

// What a client does with what it gets. Views end with the call. Sending from inside is fine, closing is not.
class WsListener {
 public:
  virtual ~WsListener() = default;
  // One JSON frame; not the first `ready`, which WsClient keeps to itself.
  virtual void on_frame(std::string_view frame, std::int64_t now) = 0;
  // Everything that one read brought has been passed.
  virtual void on_read_done(std::int64_t now) { (void)now; }
  // The connection is gone, though nobody called close(). Once.
  virtual void on_lost(const std::string& reason) = 0;
};

struct WsLogin {
  std::string token;
  std::string device_id;
  std::string source_ip;  // empty: the kernel's choice
};

class WsClient final : public Pollable {
 public:
  // Both must outlive the client.
  WsClient(Poller& poller, WsListener& listener) : poller_(poller), listener_(listener) {}
  ~WsClient() override { close(); }
  WsClient(const WsClient&) = delete;
  WsClient& operator=(const WsClient&) = delete;

  // Starts to connect. Fails with: kUnavailable.
  Result<void> connect(const Endpoint& server, const WsLogin& login);
  // The server took the WebSocket.
  bool upgraded() const { return upgraded_; }
  // The server said `ready`.
  bool ready() const { return ready_; }
  bool lost() const { return lost_; }
  const std::string& lost_reason() const { return lost_reason_; }

  // Where the caller appends one frame, right now. It leaves at the end of the turn, together with the others.
  std::string& new_frame();
  void send(std::string_view frame) { new_frame().append(frame); }

  void close();

  void on_ready(std::uint32_t epoll_events) override;
  void on_turn_end() override;

 private:
  void read();
  void consume(std::string_view data, std::int64_t now);
  void on_handshake(std::string_view& data);
  bool on_ws_frame(std::uint8_t opcode, bool final, std::string_view payload, std::int64_t now);
  void on_text(std::string_view message, std::int64_t now);
  void seal_frames();
  void write_pending();
  void mark_dirty();
  void lose(std::string reason);

  Poller& poller_;
  WsListener& listener_;
  int fd_ = -1;
  bool upgraded_ = false;
  bool ready_ = false;
  bool lost_ = false;
  bool dirty_ = false;     // on_turn_end was asked for
  bool blocked_ = true;    // the socket takes no more: wait for EPOLLOUT
  std::string carry_;      // the front part of a frame whose end has not come
  std::string fragments_;  // the text message so far, when it comes in fragments
  std::string frames_;     // header room, then the frames of the next text message
  std::string pending_;    // bytes for the socket, before frames_
  std::size_t pending_at_ = 0;
  std::string lost_reason_;
};

struct ConnectPlan {
  std::function<WsLogin(std::size_t)> login;  // of the i-th client
  std::size_t at_once = 128;                  // connections being opened at the same time
  int timeout_s = 120;
};

// Connects all clients and returns once each is ready.
// Fails with: kUnavailable, when one is refused or lost, or the time is over.
Result<void> connect_all(Poller& poller, const Endpoint& server, std::span<WsClient* const> clients,
                         const ConnectPlan& plan);

}  // namespace c4a::bench
