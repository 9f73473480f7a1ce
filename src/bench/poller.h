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

  // Looks at the sockets at most once in so many microseconds, as a network card gathers packets: the server then does
  // not pay for waking the generator at each of its writes, which clients on other machines would not make it do. 0: at
  // once.
  void gather(std::int64_t us) { gather_us_ = us; }

  // What every connection reads into, one after the other.
  std::span<char> read_buffer() { return read_buffer_; }

 private:
  void end_turn();

  void sleep_until_gathered(std::int64_t until_us);

  int epoll_;
  std::int64_t gather_us_ = 0;
  std::int64_t looked_us_ = 0;
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

// A listening socket, non-blocking; port 0 lets the kernel choose. `bound_port` is the one that was taken.
// Fails with: kUnavailable.
Result<int> listen_on(const Endpoint& at, std::uint16_t& bound_port);

// A port that is free now.
Result<std::uint16_t> free_port();

// As many descriptors as the machine lets this process have.
void raise_descriptor_limit();

}  // namespace c4a::bench
