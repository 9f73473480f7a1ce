#pragma once

// A client that stays: its WebSocket is opened again, at the next of several addresses, whenever it breaks, is refused
// or falls silent.

#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>

#include "bench/histogram.h"
#include "bench/poller.h"
#include "bench/ws_client.h"

namespace c4a::bench {

// What its owner does. Sending from inside is fine.
class SteadyListener {
 public:
  virtual ~SteadyListener() = default;
  // A connection is about to be asked for.
  virtual void on_connecting() {}
  // It is ready; frames follow.
  virtual void on_connected(std::int64_t now) = 0;
  virtual void on_frame(std::string_view frame, std::int64_t now) = 0;
  virtual void on_read_done(std::int64_t now) { (void)now; }
  // A connection that was ready is gone, and with it whatever was sent and not answered.
  virtual void on_disconnected() = 0;
};

// Doubles from `first_us` to `most_us`, each time half of it or up to one and a half: those who failed together do not
// come back together.
class Backoff {
 public:
  Backoff(std::int64_t first_us, std::int64_t most_us) : first_us_(first_us), most_us_(most_us) {}
  std::int64_t next_us(std::mt19937_64& random);
  void reset() { failures_ = 0; }

 private:
  std::int64_t first_us_;
  std::int64_t most_us_;
  int failures_ = 0;
};

struct SteadyFigures {
  std::uint64_t reconnects = 0;  // connections that were ready and broke
  std::uint64_t given_up = 0;    // of those: because the server fell silent
  std::uint64_t attempts_failed = 0;
  Histogram back;  // from a break until the next connection was ready
};

class SteadyClient final : public WsListener {
 public:
  struct Setting {
    Poller& poller;
    std::span<const Endpoint> servers;
    std::mt19937_64& random;
    SteadyFigures& figures;
  };

  // All must outlive the client. `first`: which of the servers to begin with.
  SteadyClient(Setting setting, SteadyListener& listener, WsLogin login, std::size_t first);

  // Between turns, every few milliseconds: connects when it is time, says `ping`, gives up on a silent server.
  void tick(std::int64_t now);
  bool ready() const { return ready_; }
  // Only while ready.
  std::string& new_frame() { return socket_->new_frame(); }
  // Between turns: hangs up on a server that does not do its part.
  void give_up();
  // For good.
  void close();

  void on_frame(std::string_view frame, std::int64_t now) override;
  void on_read_done(std::int64_t now) override;
  void on_lost(const std::string& reason) override;

 private:
  void connect(std::int64_t now);
  void became_ready(std::int64_t now);
  void broke();

  Setting setting_;
  SteadyListener& listener_;
  WsLogin login_;
  std::size_t server_;
  std::unique_ptr<WsClient> socket_;
  Backoff backoff_;
  bool ready_ = false;
  bool closed_ = false;
  bool pinged_ = false;  // nothing was heard since the last ping
  std::int64_t connect_at_us_ = 0;
  std::int64_t heard_us_ = 0;  // the server's last sign of life, or the beginning of the attempt
  std::int64_t broke_us_ = 0;  // 0: never
};

}  // namespace c4a::bench
