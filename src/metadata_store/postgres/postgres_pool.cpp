#include "metadata_store/postgres/postgres_pool.h"

#include <fmt/format.h>

#include <algorithm>

namespace c4a {

using Steady = std::chrono::steady_clock;

PostgresPool::PostgresPool(PostgresTarget target, PostgresPoolOptions options)
    : target_(std::move(target)), options_(options) {
  idle_.reserve(options_.size);
}

Result<PostgresPool::Lease> PostgresPool::take(PostgresDeadline deadline) {
  std::unique_lock lock(mutex_);
  const auto wait_until = std::min(deadline, Steady::now() + options_.connection_wait);
  while (true) {
    if (auto connection = pop_idle()) return Lease(*this, std::move(connection));
    const bool room = open_ < options_.size && connecting_ < kMaxConnecting;
    if (room && gate_.try_enter(Steady::now())) return connect(lock, deadline);
    if (gate_.failing() && open_ == 0) return fail(*last_failure_);
    if (changed_.wait_until(lock, wait_until) == std::cv_status::timeout) {
      if (gate_.failing()) return fail(*last_failure_);
      return fail(
          ErrorCode::kUnavailable,
          fmt::format("All {} connections to PostgreSQL were taken for too long; try again, and see whether the "
                      "server is slow or the pool too small.",
                      options_.size));
    }
  }
}

std::unique_ptr<PostgresConnection> PostgresPool::pop_idle() {
  while (!idle_.empty()) {
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    if (connection->alive()) return connection;
    --open_;
  }
  return nullptr;
}

Result<PostgresPool::Lease> PostgresPool::connect(std::unique_lock<std::mutex>& lock, PostgresDeadline deadline) {
  ++open_;
  ++connecting_;
  const std::size_t first = preferred_host_;
  lock.unlock();
  auto made = PostgresConnection::open(target_, first, options_.connect_timeout, options_.statement_timeout, deadline);
  lock.lock();
  --connecting_;
  changed_.notify_all();
  if (!made) {
    --open_;
    gate_.failed(Steady::now(), postgres_random());
    last_failure_ = made.error();
    return fail(std::move(made.error()));
  }
  gate_.succeeded();
  preferred_host_ = (*made)->host();
  return Lease(*this, std::move(*made));
}

Result<std::unique_ptr<PostgresConnection>> PostgresPool::extra(std::chrono::milliseconds statement_timeout,
                                                                PostgresDeadline deadline) {
  std::size_t first = 0;
  {
    const std::lock_guard lock(mutex_);
    first = preferred_host_;
  }
  return PostgresConnection::open(target_, first, options_.connect_timeout, statement_timeout, deadline);
}

void PostgresPool::give_back(std::unique_ptr<PostgresConnection> connection) {
  const bool keep = connection->reusable();
  {
    const std::lock_guard lock(mutex_);
    if (keep) {
      idle_.push_back(std::move(connection));
    } else {
      --open_;
      // A host that takes no writes is not tried first again.
      if (connection->trouble() == PostgresTrouble::kStale && connection->host() == preferred_host_) {
        preferred_host_ = (preferred_host_ + 1) % target_.hosts().size();
      }
    }
  }
  changed_.notify_one();
}

}  // namespace c4a
