#include "metadata_store/postgres/postgres_database.h"

#include <thread>

#include "metadata_store/postgres/postgres_migrations.h"
#include "metadata_store/postgres/postgres_statements.h"

namespace c4a {
namespace {

using Steady = std::chrono::steady_clock;

Result<> check_options(const PostgresMetadataStoreOptions& options) {
  using std::chrono::milliseconds;
  const bool sound = options.pool_size >= 1 && options.pool_size <= 1000 &&
                     options.connect_timeout >= milliseconds(1) && options.connection_wait >= milliseconds(1) &&
                     options.call_deadline >= milliseconds(10) && options.migration_deadline >= milliseconds(10);
  if (sound) return {};
  return fail(ErrorCode::kValidationFailed,
              "The PostgreSQL pool needs 1 to 1000 connections, and timeouts that are not zero.");
}

PostgresPoolOptions pool_options(const PostgresMetadataStoreOptions& options) {
  // The server gives up a little earlier than we do: then the outcome is known, and the connection goes on.
  return {options.pool_size, options.connect_timeout, options.connection_wait, options.call_deadline * 9 / 10};
}

void sleep_until(PostgresDeadline deadline, std::chrono::microseconds pause) {
  std::this_thread::sleep_until(std::min(deadline, Steady::now() + pause));
}

}  // namespace

PostgresDatabase::PostgresDatabase(PostgresTarget target, const PostgresMetadataStoreOptions& options)
    : options_(options), pool_(std::move(target), pool_options(options)) {}

Result<std::unique_ptr<PostgresDatabase>> PostgresDatabase::open(const PostgresMetadataStoreOptions& options) {
  C4A_CHECK(check_options(options));
  C4A_TRY(PostgresTarget target, PostgresTarget::parse(options.connection_string));
  std::unique_ptr<PostgresDatabase> database(new PostgresDatabase(std::move(target), options));
  C4A_TRY(const auto lease, database->pool_.take(database->deadline()));
  C4A_TRY(const int version, stored_postgres_schema(*lease, database->deadline()));
  C4A_CHECK(refuse_newer_postgres_schema(version));
  return database;
}

PostgresDeadline PostgresDatabase::deadline() const { return Steady::now() + options_.call_deadline; }

Result<PostgresRows> PostgresDatabase::read(const PostgresStatement& statement,
                                            std::initializer_list<PostgresValue> values) {
  return single(statement, values, true);
}

Result<PostgresRows> PostgresDatabase::write(const PostgresStatement& statement,
                                             std::initializer_list<PostgresValue> values) {
  return single(statement, values, false);
}

Result<PostgresRows> PostgresDatabase::single(const PostgresStatement& statement,
                                              std::initializer_list<PostgresValue> values, bool harmless) {
  const PostgresDeadline until = deadline();
  PostgresRetries retries;
  while (true) {
    PostgresTrouble trouble = PostgresTrouble::kNone;
    Result<PostgresRows> rows = [&]() -> Result<PostgresRows> {
      C4A_TRY(const auto lease, pool_.take(until));
      auto answer = lease->execute(statement, values, until);
      trouble = lease->trouble();
      return answer;
    }();
    if (rows || !retries.again(trouble, harmless)) return rows;
    sleep_until(until, retries.pause(postgres_random()));
    if (Steady::now() >= until) return rows;
  }
}

Result<> PostgresDatabase::run(const std::function<Result<>(PostgresTransaction&)>& body) {
  const PostgresDeadline until = deadline();
  PostgresRetries retries;
  while (true) {
    Attempt made = [&]() -> Attempt {
      const auto lease = pool_.take(until);
      if (!lease) return {fail(lease.error())};
      return attempt(**lease, until, body);
    }();
    if (made.result || !retries.again(made.trouble, made.harmless)) return made.result;
    sleep_until(until, retries.pause(postgres_random()));
    if (Steady::now() >= until) return made.result;
  }
}

PostgresDatabase::Attempt PostgresDatabase::attempt(PostgresConnection& connection, PostgresDeadline until,
                                                    const std::function<Result<>(PostgresTransaction&)>& body) {
  if (auto begun = connection.execute_once(sql::kBegin, {}, until); !begun) {
    return {fail(std::move(begun.error())), connection.trouble()};
  }
  PostgresTransaction transaction(connection, until);
  if (auto filled = body(transaction); !filled) {
    const PostgresTrouble trouble = connection.trouble();
    // One that is lost or stale is dropped as it is, and the server rolls back by itself.
    if (trouble != PostgresTrouble::kLost && trouble != PostgresTrouble::kStale) {
      static_cast<void>(connection.execute_once(sql::kRollback, {}, until));
    }
    return {std::move(filled), trouble};
  }
  if (auto committed = connection.execute_once(sql::kCommit, {}, until); !committed) {
    return {fail(std::move(committed.error())), connection.trouble(), false};
  }
  return {};
}

Result<> PostgresDatabase::migrate() {
  C4A_TRY(const auto connection, pool_.extra(options_.migration_deadline, deadline()));
  return migrate_postgres_schema(*connection, options_.migration_deadline);
}

}  // namespace c4a
