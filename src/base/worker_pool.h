#pragma once

// Threads for what blocks: storage reads, password hashing. The queue is bounded, so overload is answered early.

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

  // `queue_limit`: tasks that may wait besides those that run.
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

  const std::size_t queue_limit_;
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Task> queue_;
  bool stopping_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace c4a
