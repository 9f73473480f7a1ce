#pragma once

// What HTTP connections and WebSockets have in common: a transport, a place in the loop, a deadline, an end.

#include <cstdint>
#include <limits>

#include "net/event_loop.h"
#include "net/transport.h"

namespace c4a::net {

class ServerLoop;

// Owned by its ServerLoop. Loop thread only. It is destroyed at the end of the turn in which it ended, so its methods
// may go on after `end`; they check `ended` after every call into the Service.
class Connection : public Pollable {
 public:
  enum class Clock : bool { kRuns, kStands };

  Connection(ServerLoop& home, Transport transport, Clock clock);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Asked for with ServerLoop::at_turn_end.
  virtual void on_turn_end() = 0;
  virtual void on_deadline() = 0;
  // The server drains.
  virtual void on_drain() = 0;

  // Closes the socket at once. Later calls do nothing.
  void end();
  bool ended() const { return ended_; }

 protected:
  // Called by `end`, once.
  virtual void on_end() = 0;

  void begin_watching(std::uint32_t epoll_events);
  // The same for a socket that another connection gave up.
  void take_over_watching(std::uint32_t epoll_events);
  void set_interest(std::uint32_t epoll_events);
  std::uint32_t interest() const { return interest_; }
  void set_deadline_in_ms(std::int64_t delay_ms);
  // Cheaper than leaving the list of those with a deadline: for what will soon have one again.
  void suspend_deadline() { deadline_ms_ = kNever; }
  // Ends this connection without closing: its socket goes on in another one.
  Transport give_up();

  ServerLoop& home_;
  Transport transport_;

 private:
  friend class ServerLoop;
  friend class ConnectionList;
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  Connection* previous_ = nullptr;
  Connection* next_ = nullptr;
  std::int64_t deadline_ms_ = kNever;
  std::uint32_t interest_ = 0;
  bool ended_ = false;
  bool timed_;  // in the list of those with a deadline
  bool at_turn_end_ = false;
};

// A list through the connections themselves: joining and leaving allocate nothing.
class ConnectionList {
 public:
  void add(Connection& connection);
  void remove(Connection& connection);
  // Null when empty.
  Connection* first() const { return first_; }

  // The visitor may end the connection that it is given, and no other.
  template <class Visitor>
  void visit(Visitor visitor) {
    for (Connection* at = first_; at != nullptr;) {
      Connection* next = at->next_;
      visitor(*at);
      at = next;
    }
  }

 private:
  Connection* first_ = nullptr;
};

}  // namespace c4a::net
