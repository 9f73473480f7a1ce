#include "metadata_store/postgres/postgres_migrations.h"

#include <fmt/format.h>

#include <thread>

#include "base/clock.h"
#include "metadata_store/postgres/postgres_retries.h"
#include "metadata_store/postgres/postgres_schema.h"
#include "metadata_store/postgres/postgres_statements.h"

namespace c4a {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

constexpr int kMaxRaces = 20;

// Two who make one object at once: one of them gets an error, in spite of IF NOT EXISTS, and finds it the next time.
Result<> run_until_it_stands(PostgresConnection& connection, const PostgresStatement& statement,
                             std::initializer_list<PostgresValue> values, milliseconds limit) {
  for (int races = 0;; ++races) {
    const auto done = connection.execute_once(statement, values, Steady::now() + limit);
    if (done) return {};
    if (races == kMaxRaces || !is_schema_race(connection.sqlstate())) return fail(done.error());
    std::this_thread::sleep_for(postgres_backoff(races, milliseconds(5), milliseconds(200), postgres_random()));
  }
}

}  // namespace

Result<int> stored_postgres_schema(PostgresConnection& connection, PostgresDeadline deadline) {
  const auto rows = connection.execute_once(sql::kSchemaVersion, {}, deadline);
  if (!rows && connection.sqlstate() == kUndefinedTable) return 0;
  if (!rows) return fail(rows.error());
  return static_cast<int>(rows->integer(0, 0));
}

Result<> refuse_newer_postgres_schema(int version) {
  if (version <= newest_postgres_schema()) return {};
  return fail(ErrorCode::kConflict,
              fmt::format("The PostgreSQL database was migrated by a newer version (schema {}, this program knows {}); "
                          "use that version, or restore a backup.",
                          version, newest_postgres_schema()));
}

Result<> migrate_postgres_schema(PostgresConnection& connection, milliseconds limit) {
  C4A_TRY(const int stored, stored_postgres_schema(connection, Steady::now() + limit));
  C4A_CHECK(refuse_newer_postgres_schema(stored));
  if (stored == newest_postgres_schema()) return {};
  C4A_CHECK(run_until_it_stands(connection, kMigrationsTable, {}, limit));
  for (int version = stored + 1; version <= newest_postgres_schema(); ++version) {
    for (const auto& statement : postgres_schema(version)) {
      C4A_CHECK(run_until_it_stands(connection, statement, {}, limit));
    }
    C4A_CHECK(run_until_it_stands(connection, sql::kRecordMigration, {version, system_clock().now_ms()}, limit));
  }
  return {};
}

}  // namespace c4a
