#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/uuid.h"
#include "message_store/cassandra/cql_session.h"

namespace c4a::cassandra {

inline constexpr std::int32_t kSchemaVersion = 1;

struct Schema {
  std::int64_t bucket_rows = 0;
  Uuid installation;
};

// What open asks of a keyspace before any statement is prepared.
// Fails with: kNotFound, kConflict, kUnavailable (see open.h).
Result<Schema> check_schema(CqlSession& session);

// Answers the installation. Fails with: kUnavailable, kConflict.
Result<Uuid> create_schema(CqlSession& session);

// The log that fed this keyspace, by the name of its topic: which cluster it lay on.
Result<std::optional<std::string>> log_cluster(CqlSession& session, std::string_view topic);
Result<> remember_log(CqlSession& session, std::string_view topic, std::string_view cluster);

// Nothing also where the table is not there. Fail with: kUnavailable.
Result<std::optional<CassandraMove>> read_move(CqlSession& session);
Result<> put_move(CqlSession& session, const CassandraMove& move);

}  // namespace c4a::cassandra
