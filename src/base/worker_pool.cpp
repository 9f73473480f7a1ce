#include "base/worker_pool.h"

#include <sys/resource.h>
#include <unistd.h>

#include <limits>

#include "base/thread_name.h"

namespace c4a {
namespace {

thread_local WorkerPool* pool_of_thread = nullptr;

}  // namespace

WorkerPool::Waiting::Waiting() : pool_(pool_of_thread) {
  if (pool_ != nullptr && !pool_->begin_waiting()) pool_ = nullptr;
}

WorkerPool::Waiting::~Waiting() {
  if (pool_ != nullptr) pool_->end_waiting();
}

WorkerPool::WorkerPool(std::size_t threads, std::size_t queue_limit) : at_once_(threads), queue_limit_(queue_limit) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

WorkerPool::~WorkerPool() { stop(); }

bool WorkerPool::push(Task& task, std::size_t limit) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= limit) return false;
    queue_.push_back(std::move(task));
  }
  arrived_.notify_one();
  return true;
}

bool WorkerPool::post(Task task) { return push(task, queue_limit_); }
bool WorkerPool::post_always(Task task) { return push(task, std::numeric_limits<std::size_t>::max()); }

void WorkerPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  arrived_.notify_all();
  threads_.clear();
}

std::size_t WorkerPool::queued() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

bool WorkerPool::begin_waiting() {
  const std::lock_guard lock(mutex_);
  if (waiting_ == kSpare) return false;
  ++waiting_;
  --running_;
  const bool all_busy = threads_.size() < at_once_ + waiting_;
  if (all_busy && !stopping_) threads_.emplace_back([this] { work(); });
  arrived_.notify_one();
  return true;
}

void WorkerPool::end_waiting() {
  const std::lock_guard lock(mutex_);
  --waiting_;
  ++running_;
}

void WorkerPool::work() {
  // Behind the event loops and the router, where cores are short: reads may wait, live messages should not.
  constexpr int kNicer = 5;
  name_thread("worker");
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNicer);
  pool_of_thread = this;
  std::unique_lock lock(mutex_);
  while (true) {
    arrived_.wait(lock, [this] { return may_take() || (stopping_ && queue_.empty()); });
    if (queue_.empty()) return;
    Task task = std::move(queue_.front());
    queue_.pop_front();
    ++running_;
    if (stopping_ && queue_.empty()) arrived_.notify_all();
    lock.unlock();
    task();
    task = nullptr;
    lock.lock();
    --running_;
  }
}

}  // namespace c4a
