#pragma once

// One connection, owned by one thread at a time. It waits in poll() and never past a deadline, whatever the server
// does; only the look-up of a host name is the system resolver's, with the resolver's own timeouts.
//
// A deadline that passes closes the connection: an answer that comes later would be taken for that of the next
// statement. libpq 15 can cancel a statement only by a call that blocks, so the server is told beforehand to end each
// by itself (statement_timeout), a little before the client gives up.

#include <chrono>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

#include "base/result.h"
#include "metadata_store/postgres/postgres_errors.h"
#include "metadata_store/postgres/postgres_statement.h"
#include "metadata_store/postgres/postgres_target.h"

struct pg_conn;

namespace c4a {

class PostgresConnection {
 public:
  // Tries the hosts in order, starting with `first_host`, each for `connect_timeout` and all of them until `deadline`.
  // The server will end statements after `statement_timeout`. Fails with: kUnavailable.
  static Result<std::unique_ptr<PostgresConnection>> open(const PostgresTarget& target, std::size_t first_host,
                                                          std::chrono::milliseconds connect_timeout,
                                                          std::chrono::milliseconds statement_timeout,
                                                          PostgresDeadline deadline);
  ~PostgresConnection();
  PostgresConnection(const PostgresConnection&) = delete;
  PostgresConnection& operator=(const PostgresConnection&) = delete;

  std::size_t host() const { return host_; }

  // Prepares the statement where this connection has not yet, runs it and reads its whole answer.
  Result<PostgresRows> execute(const PostgresStatement& statement, std::initializer_list<PostgresValue> values,
                               PostgresDeadline deadline);
  // Without preparing: for what runs once, and for what begins and ends transactions.
  Result<PostgresRows> execute_once(const PostgresStatement& statement, std::initializer_list<PostgresValue> values,
                                    PostgresDeadline deadline);

  // Of the last statement.
  PostgresTrouble trouble() const { return trouble_; }
  const std::string& sqlstate() const { return sqlstate_; }

  // Whether it can be given to the next caller: nothing has broken, and no transaction is open.
  bool reusable() const;
  // Whether the server has not closed it meanwhile. Does not wait.
  bool alive() const;

 private:
  PostgresConnection(const PostgresTarget& target, std::size_t host) : target_(&target), host_(host) {}
  Result<> connect(PostgresDeadline deadline);
  Result<> prepare(const PostgresStatement& statement, PostgresDeadline deadline);
  Result<PostgresRows> finish(std::string_view name, PostgresDeadline deadline);
  Result<> flush(std::string_view name, PostgresDeadline deadline);
  Error lost(std::string_view name, std::string_view reason);
  Error refused(std::string_view name, const pg_result* result);

  const PostgresTarget* target_;  // outlives the connection
  std::size_t host_;
  pg_conn* handle_ = nullptr;
  std::unordered_set<std::string_view> prepared_;
  PostgresTrouble trouble_ = PostgresTrouble::kNone;
  std::string sqlstate_;
};

}  // namespace c4a
