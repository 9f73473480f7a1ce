#pragma once

#include <cstdint>
#include <optional>

#include "message_store/cassandra/cql_session.h"

namespace c4a::cassandra {

inline constexpr std::int32_t kSchemaVersion = 1;

// What open asks of a keyspace before any statement is prepared. Answers how many rows a bucket has.
// Fails with: kNotFound, kConflict, kUnavailable (see open.h).
Result<std::int64_t> check_schema(CqlSession& session);

// Fails with: kUnavailable, kConflict.
Result<> create_schema(CqlSession& session);

// Nothing also where the table is not there. Fail with: kUnavailable.
Result<std::optional<CassandraMove>> read_move(CqlSession& session);
Result<> put_move(CqlSession& session, const CassandraMove& move);

}  // namespace c4a::cassandra
