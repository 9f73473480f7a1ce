#pragma once

// One thread, one epoll instance: the generator's whole machinery. It shares no code with the server it judges.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace c4a::bench {

// Monotonic time of the machine.
std::int64_t now_us();

class Pollable {
 public:
  virtual ~Pollable() = default;
  virtual void on_ready(std::uint32_t epoll_events) = 0;
  // Asked for with Poller::at_turn_end: where output leaves, in one write.
  virtual void on_turn_end() {}
};

// Targets must outlive the turn in which they are served; destroy them between turns.
class Poller {
 public:
  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  void watch(int fd, std::uint32_t epoll_events, Pollable* target);
  void change(int fd, std::uint32_t epoll_events, Pollable* target);
  void unwatch(int fd);

  // Calls target->on_turn_end() once at the end of this turn, or at the start of the next. Ask once per turn.
  void at_turn_end(Pollable* target) { ending_.push_back(target); }
  // `target` is about to be destroyed.
  void forget(Pollable* target);

  // Lets output leave, waits until something is ready or `until_us` has come, serves it, lets output leave again.
  void turn(std::int64_t until_us);

  // What every connection reads into, one after the other.
  std::span<char> read_buffer() { return read_buffer_; }

 private:
  void end_turn();

  int epoll_;
  std::vector<Pollable*> ending_;
  std::vector<Pollable*> served_;
  std::vector<char> read_buffer_;
};

struct Endpoint {
  std::string ip = "127.0.0.1";
  std::uint16_t port = 0;
};

// A socket that is connecting: writable once it is connected. `source_ip` may be empty.
// Fails with: kUnavailable.
Result<int> start_connect(const Endpoint& to, const std::string& source_ip);

// A source address for the i-th of many connections to a server on this machine: every thousand have one of their own
// (127.0.0.2, 127.0.0.3 …). There are 28,000 ports for each, but with most of them taken the kernel spends more time on
// finding a free one than a server spends on the connection. Empty for servers elsewhere.
std::string source_for(const Endpoint& server, std::size_t i);

// A listening socket, non-blocking; port 0 lets the kernel choose. `bound_port` is the one that was taken.
// Fails with: kUnavailable.
Result<int> listen_on(const Endpoint& at, std::uint16_t& bound_port);

// A port that is free now.
Result<std::uint16_t> free_port();

// As many descriptors as the machine lets this process have.
void raise_descriptor_limit();

}  // namespace c4a::bench
