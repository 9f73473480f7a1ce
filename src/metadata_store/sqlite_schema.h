#pragma once

// The tables of the metadata database, version by version. A version that has shipped never changes.

#include "base/result.h"
#include "metadata_store/sqlite_connection.h"

namespace c4a {

// What this program reads and writes.
int newest_schema_version();

// 0 for an empty database.
Result<int> schema_version(SqliteConnection& connection);

// Runs what lies between the stored version and the newest. Call inside a transaction.
Result<> migrate_schema(SqliteConnection& connection);

}  // namespace c4a
