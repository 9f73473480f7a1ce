#include "net/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <map>
#include <mutex>
#include <system_error>
#include <utility>
#include <vector>

#include "net/unique_fd.h"

namespace c4a::net {
namespace {

constexpr int kEventsPerTurn = 256;
// A TimerId is its deadline in milliseconds and, in the low bits, a counter: the map of timers is in order of time, and
// a timer is found by its id without a second index.
constexpr int kSequenceBits = 24;

thread_local const void* current_loop = nullptr;

std::int64_t monotonic_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

struct EventLoop::State {
  UniqueFd epoll{::epoll_create1(EPOLL_CLOEXEC)};
  UniqueFd wakeup{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
  std::vector<Pollable*> targets;  // by descriptor
  std::array<epoll_event, kEventsPerTurn> events{};
  int event_count = 0;
  int event_next = 0;  // events before it were served in this turn

  const std::int64_t start_ms = monotonic_ms();
  std::int64_t now_ms = start_ms;
  std::map<TimerId, Task> timers;
  TimerId timer_sequence = 0;
  std::vector<Task> turn_end;

  std::mutex mutex;
  std::vector<Task> inbox;  // guarded by mutex
  bool closed = false;      // guarded by mutex: nothing will run any more
  std::vector<Task> running;
  // `posted` says that the inbox is worth a look; `sleeping` that only the eventfd wakes the loop. Sequentially
  // consistent: either the poster sees the loop asleep, or the loop sees the post before it sleeps.
  std::atomic<bool> posted = false;
  std::atomic<bool> sleeping = false;
  std::atomic<bool> stopped = false;

  TimerId earliest_id(std::int64_t deadline_ms) const {
    return static_cast<TimerId>(deadline_ms - start_ms + 1) << kSequenceBits;
  }
  std::int64_t deadline_of(TimerId id) const { return static_cast<std::int64_t>(id >> kSequenceBits) - 1 + start_ms; }

  void wake() {
    if (!sleeping.exchange(false)) return;
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wakeup.get(), &one, sizeof one);
  }

  int wait_ms() const {
    if (posted || stopped) return 0;
    if (timers.empty()) return -1;
    return static_cast<int>(std::clamp<std::int64_t>(deadline_of(timers.begin()->first) - monotonic_ms(), 0, 60'000));
  }

  void wait() {
    sleeping = true;
    const int count = ::epoll_wait(epoll.get(), events.data(), kEventsPerTurn, wait_ms());
    sleeping = false;
    event_count = std::max(count, 0);  // EINTR is a turn without events
    event_next = 0;
    now_ms = monotonic_ms();
  }

  void serve_events() {
    while (event_next < event_count) {
      const epoll_event& event = events[static_cast<std::size_t>(event_next++)];
      if (event.data.fd < 0) continue;  // unwatched in this turn
      if (Pollable* target = targets[static_cast<std::size_t>(event.data.fd)]) target->on_ready(event.events);
    }
    event_count = 0;
  }

  void run_timers() {
    const TimerId end = earliest_id(now_ms + 1);
    while (!timers.empty() && timers.begin()->first < end) timers.extract(timers.begin()).mapped()();
  }

  void run_posted() {
    if (!posted.exchange(false)) return;
    {
      const std::scoped_lock lock(mutex);
      std::swap(running, inbox);
    }
    for (Task& task : running) {
      task();
      task = nullptr;
    }
    running.clear();
  }

  void end_turn() {
    for (std::size_t i = 0; i < turn_end.size(); ++i) std::exchange(turn_end[i], nullptr)();
    turn_end.clear();
  }

  void discard_tasks() {
    std::vector<Task> unrun;
    {
      const std::scoped_lock lock(mutex);
      closed = true;
      std::swap(unrun, inbox);
    }
    unrun.clear();
    std::exchange(timers, {}).clear();
    std::exchange(turn_end, {}).clear();
  }

  void control(int operation, int fd, std::uint32_t epoll_events) const {
    epoll_event event{};
    event.events = epoll_events;
    event.data.fd = fd;
    // Fails only when the kernel is out of memory or watches; a connection that is never ready then meets its timeout.
    ::epoll_ctl(epoll.get(), operation, fd, &event);
  }
};

EventLoop::EventLoop() : state_(std::make_unique<State>()) {
  if (!state_->epoll || !state_->wakeup) throw std::system_error(errno, std::system_category(), "epoll");
  // Edge-triggered, so that it is never read: each write is one event.
  watch(state_->wakeup.get(), EPOLLIN | EPOLLET, nullptr);
}

EventLoop::~EventLoop() { state_->discard_tasks(); }

void EventLoop::run() {
  current_loop = state_.get();
  while (!state_->stopped) {
    state_->wait();
    state_->serve_events();
    state_->run_timers();
    state_->run_posted();
    state_->end_turn();
  }
  state_->discard_tasks();
  current_loop = nullptr;
}

void EventLoop::stop() {
  state_->stopped = true;
  state_->wake();
}

bool EventLoop::in_loop_thread() const { return current_loop == state_.get(); }

void EventLoop::post(Task task) {
  {
    const std::scoped_lock lock(state_->mutex);
    if (state_->closed) return;
    state_->inbox.push_back(std::move(task));
  }
  if (!state_->posted.exchange(true)) state_->wake();
}

TimerId EventLoop::after_ms(std::int64_t delay_ms, Task task) {
  // A timer due now would let a task that sets itself again hold the turn for ever.
  const TimerId base = state_->earliest_id(state_->now_ms + std::max<std::int64_t>(delay_ms, 1));
  for (;;) {
    const TimerId id = base | (++state_->timer_sequence & ((TimerId{1} << kSequenceBits) - 1));
    if (state_->timers.try_emplace(id, std::move(task)).second) return id;  // a taken id leaves the task unmoved
  }
}

void EventLoop::cancel(TimerId id) {
  // The task dies after its node is out: its destructor may set or cancel timers.
  const auto node = state_->timers.extract(id);
}

void EventLoop::at_turn_end(Task task) { state_->turn_end.push_back(std::move(task)); }

void EventLoop::watch(int fd, std::uint32_t epoll_events, Pollable* target) {
  const auto index = static_cast<std::size_t>(fd);
  if (index >= state_->targets.size()) state_->targets.resize(index + 1);
  state_->targets[index] = target;
  state_->control(EPOLL_CTL_ADD, fd, epoll_events);
}

void EventLoop::change(int fd, std::uint32_t epoll_events, Pollable* target) {
  state_->targets[static_cast<std::size_t>(fd)] = target;
  state_->control(EPOLL_CTL_MOD, fd, epoll_events);
}

void EventLoop::unwatch(int fd) {
  if (static_cast<std::size_t>(fd) >= state_->targets.size()) return;  // never watched
  state_->targets[static_cast<std::size_t>(fd)] = nullptr;
  state_->control(EPOLL_CTL_DEL, fd, 0);
  for (int i = state_->event_next; i < state_->event_count; ++i) {
    epoll_event& event = state_->events[static_cast<std::size_t>(i)];
    if (event.data.fd == fd) event.data.fd = -1;
  }
}

std::int64_t EventLoop::now_ms() const { return state_->now_ms; }

}  // namespace c4a::net
