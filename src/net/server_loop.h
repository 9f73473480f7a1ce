#pragma once

// One loop's part of the server: its connections, and what they share so that each of them stays small.

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/connection.h"
#include "net/output_queue.h"
#include "net/request_parser.h"
#include "net/server.h"

namespace c4a::net {

// What the loops share. Any thread.
struct ServerShared {
  ServerOptions options;
  Service& service;
  std::atomic<std::size_t> open_connections = 0;
  std::atomic<bool> draining = false;
};

// Loop thread only, but for the constructor, and for `shut` once the loop has stopped.
class ServerLoop : public std::enable_shared_from_this<ServerLoop> {
 public:
  ServerLoop(EventLoop& loop, std::shared_ptr<ServerShared> shared);
  ~ServerLoop();

  // Serves an accepted connection, which the caller has counted as open.
  void adopt(UniqueFd fd, std::string peer_ip, bool local);
  void drain();
  // Closes everything at once, for good.
  void shut();

  EventLoop& loop() { return loop_; }
  Service& service() { return shared_->service; }
  const ServerOptions& options() const { return shared_->options; }
  const ServerLimits& limits() const { return shared_->options.limits; }
  bool draining() const { return shared_->draining; }

  // Where every connection of the loop receives; kReadPadding readable bytes follow it.
  std::span<char> input() { return {input_.data(), input_.size() - kReadPadding}; }
  // Where output is put together. Both are good until the next call into anything else.
  std::string& scratch() { return scratch_; }
  std::vector<OutputQueue::Piece>& pieces() { return pieces_; }
  // IMF-fixdate, made once a second.
  std::string_view date();

  // An idle parser. A connection keeps it only while a request is incomplete.
  std::unique_ptr<RequestParser> take_parser();
  void return_parser(std::unique_ptr<RequestParser> parser);

  // `on_turn_end` is called at the end of this turn; of the next one if this turn's ends are being served.
  void at_turn_end(Connection& connection);

 private:
  friend class Connection;

  void arm_turn_end();
  void end_turn();
  void arm_sweep();
  void sweep();
  void bury();

  EventLoop& loop_;
  const std::shared_ptr<ServerShared> shared_;
  ConnectionList timed_;
  ConnectionList untimed_;
  std::vector<Connection*> due_;  // at_turn_end
  std::vector<Connection*> serving_;
  std::vector<std::unique_ptr<Connection>> ended_;
  std::vector<Connection*> late_;  // while sweeping
  bool turn_end_armed_ = false;
  bool in_turn_end_ = false;
  bool sweep_armed_ = false;
  bool shut_ = false;

  std::vector<char> input_;
  std::string scratch_;
  std::vector<OutputQueue::Piece> pieces_;
  std::unique_ptr<RequestParser> spare_parser_;
  std::string date_;
  std::int64_t date_second_ = -1;
};

}  // namespace c4a::net
