#pragma once

// Brings the tables up to date; postgres_schema.h says how two processes may do so at once.

#include <chrono>

#include "base/result.h"
#include "metadata_store/postgres/postgres_connection.h"

namespace c4a {

// 0 for an empty database.
Result<int> stored_postgres_schema(PostgresConnection& connection, PostgresDeadline deadline);

// Fails with: kConflict where `version` is newer than the program.
Result<> refuse_newer_postgres_schema(int version);

// Changes nothing, and needs no right to, where all is there. `limit` is for each statement.
Result<> migrate_postgres_schema(PostgresConnection& connection, std::chrono::milliseconds limit);

}  // namespace c4a
