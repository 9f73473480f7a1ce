#pragma once

// One thread, one epoll instance. Everything that happens on a connection happens on the thread of its loop, so that
// connections and sessions need no lock; other threads hand work over with `post`.

#include <cstdint>
#include <functional>
#include <memory>

namespace c4a::net {

using Task = std::move_only_function<void()>;
using TimerId = std::uint64_t;

// What a loop calls when a file descriptor is ready.
class Pollable {
 public:
  virtual ~Pollable() = default;
  virtual void on_ready(std::uint32_t epoll_events) = 0;
};

class EventLoop {
 public:
  // Throws std::system_error when the kernel gives no epoll instance: a failure to start.
  EventLoop();
  // The loop must not be running.
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs until `stop`, once in the loop's life. The calling thread becomes the loop's thread.
  void run();
  // Any thread. The loop ends after the turn it is in.
  void stop();
  bool in_loop_thread() const;

  // Runs `task` on the loop's thread, in the order posted by one thread. Any thread; the loop is woken at most once a
  // turn. A posted task that posts gets the next turn. After `stop` tasks are destroyed without being run.
  void post(Task task);

  // Loop thread only from here on.

  // Runs `task` once, `delay_ms` from now (a turn late at most), never in the present turn. Cancelling an id that has
  // run is harmless; 0 is never an id.
  TimerId after_ms(std::int64_t delay_ms, Task task);
  void cancel(TimerId id);

  // Runs `task` at the end of the present turn, after every ready descriptor was served: this is where output leaves,
  // in one write per connection. What such a task adds runs in the same turn, so that its output leaves too.
  void at_turn_end(Task task);

  // Level-triggered; EPOLLERR and EPOLLHUP are always told. The target must stay alive until `unwatch`, after which it
  // is not called again, not even for what was already reported. `unwatch` before closing the descriptor.
  void watch(int fd, std::uint32_t epoll_events, Pollable* target);
  void change(int fd, std::uint32_t epoll_events, Pollable* target);
  void unwatch(int fd);

  // Monotonic, read once a turn. Before `run`: the time of construction.
  std::int64_t now_ms() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace c4a::net
