#pragma once

// A bounded number of connections, made when they are needed. Any thread.

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/result.h"
#include "metadata_store/postgres/postgres_connection.h"
#include "metadata_store/postgres/postgres_retries.h"

namespace c4a {

struct PostgresPoolOptions {
  std::size_t size = 16;
  std::chrono::milliseconds connect_timeout{2000};    // for each host
  std::chrono::milliseconds connection_wait{2000};    // for a connection that somebody gives back
  std::chrono::milliseconds statement_timeout{4500};  // after which the server ends a statement
};

class PostgresPool {
 public:
  // A start, or a reconnect, must not run over the server: TLS and a password cost it more than most statements. Who
  // waits for a turn may well be given a connection that comes back first.
  static constexpr std::size_t kMaxConnecting = 4;

  // A connection for one caller; the destructor gives it back, or drops it where it is of no more use.
  class Lease {
   public:
    Lease(PostgresPool& pool, std::unique_ptr<PostgresConnection> connection)
        : pool_(&pool), connection_(std::move(connection)) {}
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (connection_) pool_->give_back(std::move(connection_));
    }
    PostgresConnection& operator*() const { return *connection_; }
    PostgresConnection* operator->() const { return connection_.get(); }

   private:
    PostgresPool* pool_;
    std::unique_ptr<PostgresConnection> connection_;
  };

  PostgresPool(PostgresTarget target, PostgresPoolOptions options);

  // Waits at most `connection_wait` for a free connection, and for a new one at most until `deadline`. After a failed
  // attempt to connect it answers that failure at once until the next attempt is due. Fails with: kUnavailable.
  Result<Lease> take(PostgresDeadline deadline);
  // A connection beside the pool, with a statement timeout of its own, for what takes long.
  Result<std::unique_ptr<PostgresConnection>> extra(std::chrono::milliseconds statement_timeout,
                                                    PostgresDeadline deadline);
  const PostgresTarget& target() const { return target_; }

 private:
  void give_back(std::unique_ptr<PostgresConnection> connection);
  std::unique_ptr<PostgresConnection> pop_idle();  // of those that are still good; under the lock
  Result<Lease> connect(std::unique_lock<std::mutex>& lock, PostgresDeadline deadline);

  const PostgresTarget target_;
  const PostgresPoolOptions options_;

  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::vector<std::unique_ptr<PostgresConnection>> idle_;  // the last used is taken first
  std::size_t open_ = 0;                                   // idle, lent, or being made
  std::size_t connecting_ = 0;                             // being made
  std::size_t preferred_host_ = 0;                         // the one that worked last
  PostgresConnectGate gate_;
  std::optional<Error> last_failure_;
};

}  // namespace c4a
