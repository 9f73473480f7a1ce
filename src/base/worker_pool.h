#pragma once

// Threads for what blocks: storage reads, password hashing. The queue is bounded, so overload is answered early. A task
// that only waits, for another thread or a server, gives its place to the next one meanwhile (Waiting), so reads go on
// while changes wait for their decisions, and one server that is slow does not hold up what is asked of others.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace c4a {

class WorkerPool {
 public:
  using Task = std::move_only_function<void()>;

  static constexpr std::size_t kSpare = 256;

  // While one lives, the task on this thread counts as waiting and another runs in its place; at most kSpare do so at
  // once, further ones keep their place. Does nothing on a thread that is no pool's.
  class Waiting {
   public:
    Waiting();
    ~Waiting();
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

   private:
    WorkerPool* pool_;
  };

  // `threads`: tasks that run at once. `queue_limit`: tasks that may be queued besides those that run or wait.
  WorkerPool(std::size_t threads, std::size_t queue_limit);
  // Runs what is queued, then joins.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Any thread; never blocks. False when the queue is full or the pool stops: the task was not taken.
  [[nodiscard]] bool post(Task task);
  // For what must not be dropped (closing a session's record): past the limit too. False only once the pool stops.
  bool post_always(Task task);
  // Takes nothing more, finishes what is queued and joins. Idempotent.
  void stop();
  std::size_t queued() const;

 private:
  bool push(Task& task, std::size_t limit);
  void work();
  bool may_take() const { return !queue_.empty() && running_ < at_once_; }
  // False where kSpare wait already.
  bool begin_waiting();
  void end_waiting();

  const std::size_t at_once_;
  const std::size_t queue_limit_;
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Task> queue_;
  std::size_t running_ = 0;  // may pass at_once_ for a moment, when a wait ends
  std::size_t waiting_ = 0;
  bool stopping_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace c4a
