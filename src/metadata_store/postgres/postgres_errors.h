#pragma once

// What a failure of the server means to us: one table of SQLSTATEs, and one sentence for each that says what to do.

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"
#include "metadata_store/postgres/postgres_target.h"

namespace c4a {

using PostgresDeadline = std::chrono::steady_clock::time_point;

// What the caller of a statement may do next.
enum class PostgresTrouble : std::uint8_t {
  kNone,
  kConflict,  // the transaction did nothing and should run again
  kLost,      // the connection is gone, and whether the statement took effect is unknown
  kUnknown,   // the connection works, but whether the statement took effect is unknown
  kStale,     // the statement did nothing, and this connection cannot run it: take a new one
  kFailed,    // the statement did nothing, and repeating it would not help at once
};

// For a failed statement. `message` is the server's; statement and SQLSTATE are named in the error.
PostgresTrouble postgres_trouble(std::string_view sqlstate);
Error postgres_error(std::string_view sqlstate, std::string_view message, std::string_view statement);

// Whether a statement of the schema should be repeated: another process made the same object at the same moment.
bool is_schema_race(std::string_view sqlstate);
inline constexpr std::string_view kUndefinedTable = "42P01";

// For a connection that could not be made. `message` is libpq's, at the verbosity that names the SQLSTATE.
struct PostgresConnectFailure {
  std::string sqlstate;  // empty where the server was not reached
  std::string reason;    // one line
};
PostgresConnectFailure read_connect_failure(std::string_view message);
Error postgres_connect_error(const PostgresTarget& target, const std::string& host, std::string_view message,
                             bool password_missing);

}  // namespace c4a
