#include "net/connection.h"

#include <utility>

#include "net/server_loop.h"

namespace c4a::net {

Connection::Connection(ServerLoop& home, Transport transport, Clock clock)
    : home_(home), transport_(std::move(transport)), timed_(clock == Clock::kRuns) {
  (timed_ ? home_.timed_ : home_.untimed_).add(*this);
  if (timed_) home_.arm_sweep();
}

void Connection::end() {
  if (ended_) return;
  const int fd = transport_.fd();
  Transport closing = give_up();
  home_.loop().unwatch(fd);
  closing.close();
  home_.shared_->open_connections.fetch_sub(1, std::memory_order_relaxed);
  on_end();
}

Transport Connection::give_up() {
  ended_ = true;
  (timed_ ? home_.timed_ : home_.untimed_).remove(*this);
  home_.ended_.emplace_back(this);
  home_.arm_turn_end();
  return std::move(transport_);
}

void Connection::begin_watching(std::uint32_t epoll_events) {
  interest_ = epoll_events;
  home_.loop().watch(transport_.fd(), epoll_events, this);
}

void Connection::take_over_watching(std::uint32_t epoll_events) {
  interest_ = epoll_events;
  home_.loop().change(transport_.fd(), epoll_events, this);
}

void Connection::set_interest(std::uint32_t epoll_events) {
  if (ended_ || epoll_events == interest_) return;
  interest_ = epoll_events;
  home_.loop().change(transport_.fd(), epoll_events, this);
}

void Connection::set_deadline_in_ms(std::int64_t delay_ms) {
  if (ended_) return;
  deadline_ms_ = home_.loop().now_ms() + delay_ms;
  if (timed_) return;
  timed_ = true;
  home_.untimed_.remove(*this);
  home_.timed_.add(*this);
  home_.arm_sweep();
}

void ConnectionList::add(Connection& connection) {
  connection.previous_ = nullptr;
  connection.next_ = first_;
  if (first_ != nullptr) first_->previous_ = &connection;
  first_ = &connection;
}

void ConnectionList::remove(Connection& connection) {
  (connection.previous_ != nullptr ? connection.previous_->next_ : first_) = connection.next_;
  if (connection.next_ != nullptr) connection.next_->previous_ = connection.previous_;
}

}  // namespace c4a::net
