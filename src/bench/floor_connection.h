#pragma once

// One connection of the floor server: HTTP requests until an upgrade, WebSocket frames after it.

#include <cstdint>
#include <string>
#include <string_view>

#include "bench/poller.h"

namespace c4a::bench {

class FloorConnection;

class FloorService {
 public:
  virtual ~FloorService() = default;
  // `head`: request line and headers.
  virtual void on_request(FloorConnection& connection, std::string_view head, std::string_view body) = 0;
  virtual void on_frame(FloorConnection& connection, std::string_view frame) = 0;
  virtual void on_gone(FloorConnection& connection) = 0;
};

class FloorConnection final : public Pollable {
 public:
  FloorConnection(Poller& poller, FloorService& service, int fd);
  ~FloorConnection() override;
  FloorConnection(const FloorConnection&) = delete;
  FloorConnection& operator=(const FloorConnection&) = delete;

  // The request was an upgrade: what follows are frames, both ways.
  void upgrade() { websocket_ = true; }
  // Where the caller appends a frame, or a response that must wait for the next sync. It leaves with release().
  std::string& held();
  // Whether something is held since the last release.
  bool holds() const { return !held_.empty(); }
  void release();
  // A response that needs no sync.
  void answer_now(std::string_view bytes);

  std::uint32_t user = 0;  // the service's own mark
  bool gone = false;

  void on_ready(std::uint32_t epoll_events) override;

 private:
  bool take_one(std::string_view& data);
  bool take_request(std::string_view& data);
  bool take_frame(std::string_view& data);
  void seal();
  void write();
  void lose();

  Poller& poller_;
  FloorService& service_;
  int fd_;
  bool websocket_ = false;
  bool blocked_ = false;
  std::string carry_;
  std::string held_;
  std::string pending_;
  std::size_t pending_at_ = 0;
};

}  // namespace c4a::bench
