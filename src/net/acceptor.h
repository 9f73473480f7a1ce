#pragma once

// A listening socket on the first loop, from which connections go to all loops in turn.

#include <memory>
#include <vector>

#include "net/event_loop.h"
#include "net/server_loop.h"
#include "net/unique_fd.h"

namespace c4a::net {

class Acceptor final : public Pollable, public std::enable_shared_from_this<Acceptor> {
 public:
  Acceptor(UniqueFd listener, std::vector<std::shared_ptr<ServerLoop>> homes, std::shared_ptr<ServerShared> shared,
           bool local);

  // Loop thread of the first loop; `close` also after it stopped.
  void start();
  void close();

  void on_ready(std::uint32_t epoll_events) override;

 private:
  enum class Outcome : bool { kGoOn, kStop };

  Outcome accept_one();
  void hand_over(UniqueFd fd, std::string peer_ip);
  void pause();

  UniqueFd listener_;
  const std::vector<std::shared_ptr<ServerLoop>> homes_;
  const std::shared_ptr<ServerShared> shared_;
  const bool local_;
  std::size_t next_home_ = 0;
};

}  // namespace c4a::net
