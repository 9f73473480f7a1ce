#pragma once

// The tables of the metadata database, version by version. A version that has shipped never changes.
//
// CockroachDB wants no DDL beside data in one transaction. So each statement is a transaction of its own and may be
// repeated; the row of a version is written last and says that all of it is there. A migration that was interrupted, or
// that two processes run at once, is simply run again.

#include <span>

#include "metadata_store/postgres/postgres_statement.h"

namespace c4a {

// The table that remembers which versions are there.
extern const PostgresStatement kMigrationsTable;

// What this program reads and writes.
int newest_postgres_schema();

// What leads from version - 1 to `version`, from 1 to the newest.
std::span<const PostgresStatement> postgres_schema(int version);

}  // namespace c4a
