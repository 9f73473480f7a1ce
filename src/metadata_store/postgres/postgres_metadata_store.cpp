#include "metadata_store/postgres/postgres_metadata_store.h"

#include "metadata_store/postgres/postgres_database.h"
#include "metadata_store/postgres/postgres_statements.h"

namespace c4a {
namespace {

// A purge of what piled up goes in steps that each fit well into a deadline, and leaves the rest for the next one.
constexpr std::int64_t kPurgeRows = 1000;
constexpr int kMaxPurgeSteps = 100;

Result<> purge(PostgresDatabase& database, const PostgresStatement& statement, TimestampMs before) {
  for (int step = 0; step < kMaxPurgeSteps; ++step) {
    C4A_TRY(const PostgresRows rows, database.write(statement, {before, kPurgeRows}));
    if (rows.changed() < kPurgeRows) return {};
  }
  return {};
}

}  // namespace

PostgresMetadataStore::PostgresMetadataStore(std::unique_ptr<PostgresDatabase> database)
    : database_(std::move(database)) {}
PostgresMetadataStore::~PostgresMetadataStore() = default;

Result<std::unique_ptr<PostgresMetadataStore>> PostgresMetadataStore::open(
    const PostgresMetadataStoreOptions& options) {
  C4A_TRY(auto database, PostgresDatabase::open(options));
  return std::unique_ptr<PostgresMetadataStore>(new PostgresMetadataStore(std::move(database)));
}

Result<> PostgresMetadataStore::migrate() { return database_->migrate(); }

Result<> PostgresMetadataStore::check() {
  C4A_CHECK(database_->write(sql::kCheckWrite));
  return {};
}

Result<> PostgresMetadataStore::purge_expired(TimestampMs now) {
  C4A_CHECK(purge(*database_, sql::kPurgeTokens, now));
  C4A_CHECK(purge(*database_, sql::kPurgeFamilies, now));
  C4A_CHECK(purge(*database_, sql::kPurgeRevocations, now));
  C4A_CHECK(purge(*database_, sql::kPurgeRequests, now - kIdempotencyMs));
  return purge(*database_, sql::kPurgeUndecided, now);
}

}  // namespace c4a
