#include "metadata_store/postgres/postgres_errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace c4a {
namespace {

struct Meaning {
  std::string_view sqlstate;  // five characters, or the two of a class
  PostgresTrouble trouble;
  ErrorCode code;
  std::string_view advice;
};

using enum PostgresTrouble;

// The first row that fits. https://www.postgresql.org/docs/15/errcodes-appendix.html; 40003 is what CockroachDB answers
// where the outcome is ambiguous.
constexpr Meaning kMeanings[] = {
    {"40001", kConflict, ErrorCode::kUnavailable, "others changed the same rows, try again"},
    {"40P01", kConflict, ErrorCode::kUnavailable, "others changed the same rows, try again"},
    {"40003", kUnknown, ErrorCode::kUnavailable, "whether it took effect is unknown, read before trying again"},
    {"40", kConflict, ErrorCode::kUnavailable, "try again"},
    {"23503", kConflict, ErrorCode::kUnavailable, "others removed a row that it refers to, try again"},
    {"23505", kFailed, ErrorCode::kConflict, "a row with this key exists"},
    {"25006", kStale, ErrorCode::kUnavailable,
     "this server takes no writes; name all hosts in the connection string and add target_session_attrs=read-write"},
    {"25P03", kLost, ErrorCode::kUnavailable, "try again"},
    {"26", kStale, ErrorCode::kUnavailable,
     "the connection lost its prepared statements; use a pooler's session mode, or none"},
    {"0A000", kStale, ErrorCode::kUnavailable, "try again"},
    {"08", kLost, ErrorCode::kUnavailable, "check the server and the network"},
    {"53100", kFailed, ErrorCode::kUnavailable, "free some space on the server's disk"},
    {"53", kFailed, ErrorCode::kUnavailable, "the server is short of a resource, look into its log"},
    {"55", kFailed, ErrorCode::kUnavailable, "something else holds the rows, try again"},
    {"57014", kFailed, ErrorCode::kUnavailable, "it took too long and was undone, try again"},
    {"57P", kLost, ErrorCode::kUnavailable, "the server is stopping or starting, try again"},
    {"58", kFailed, ErrorCode::kUnavailable, "look into the server's log, and check its disk"},
    {"XX001", kFailed, ErrorCode::kCorrupt, "the database is damaged, restore a backup"},
    {"XX002", kFailed, ErrorCode::kCorrupt, "an index is damaged, REINDEX it"},
    {"42501", kFailed, ErrorCode::kCorrupt, "grant this user all rights on the tables, and CREATE on the schema"},
    {"42P01", kFailed, ErrorCode::kCorrupt, "a table is missing, run `chat4all migrate`"},
    {"42703", kFailed, ErrorCode::kCorrupt, "a column is missing, run `chat4all migrate`"},
    {"3F000", kFailed, ErrorCode::kCorrupt, "create the schema that search_path names, or correct search_path"},
    {"22", kFailed, ErrorCode::kCorrupt, "the database cannot store a value, see that its encoding is UTF8"},
};
constexpr Meaning kOther = {"", kFailed, ErrorCode::kCorrupt, "look into the server's log"};

const Meaning& meaning_of(std::string_view sqlstate) {
  const auto* found =
      std::ranges::find_if(kMeanings, [&](const Meaning& meaning) { return sqlstate.starts_with(meaning.sqlstate); });
  return found == std::end(kMeanings) ? kOther : *found;
}

bool is_sqlstate(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return std::isdigit(static_cast<unsigned char>(c)) || std::isupper(static_cast<unsigned char>(c));
  });
}

bool mentions(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(words, [&](auto word) { return text.find(word) != std::string_view::npos; });
}

std::string advice_for(const PostgresConnectFailure& failure, const PostgresTarget& target, bool password_missing) {
  const std::string_view state = failure.sqlstate;
  const std::string_view reason = failure.reason;
  if (password_missing) return "add password=… to the connection string, or a line to ~/.pgpass";
  if (state == "28P01") return "correct user and password in the connection string";
  if (state == "28000" && mentions(reason, {"no encryption"})) {
    return "add sslmode=require (or verify-full with sslrootcert) to the connection string, or allow the host in the "
           "server's pg_hba.conf";
  }
  if (state == "28000") return "correct the user, or allow user, host and database in the server's pg_hba.conf";
  if (state == "3D000") {
    return fmt::format("create it (CREATE DATABASE {}), or correct dbname in the connection string",
                       target.database().empty() ? "…" : target.database());
  }
  if (state == "42501") return "grant this user CONNECT on the database";
  if (state == "53300") return "raise the server's max_connections, or make the pool smaller";
  if (state == "57P03") return "the server is starting or stopping, try again when it is up";
  if (mentions(reason, {"read-only", "hot standby"})) {
    return "this is a standby; name the primary among the hosts of the connection string";
  }
  if (mentions(reason, {"server does not support SSL"})) {
    return "switch TLS on at the server (ssl = on), or correct sslmode in the connection string";
  }
  if (mentions(reason, {"SSL", "certificate", "TLS"})) {
    return "correct sslmode and sslrootcert in the connection string, or the server's certificate";
  }
  if (mentions(reason, {"translate host name"})) return "correct the host in the connection string";
  return "start it, or correct host and port in the connection string";
}

}  // namespace

PostgresTrouble postgres_trouble(std::string_view sqlstate) { return meaning_of(sqlstate).trouble; }

Error postgres_error(std::string_view sqlstate, std::string_view message, std::string_view statement) {
  const Meaning& meaning = meaning_of(sqlstate);
  return {meaning.code,
          fmt::format("PostgreSQL cannot run {}: {} (SQLSTATE {}); {}.", statement, message, sqlstate, meaning.advice),
          {},
          {}};
}

bool is_schema_race(std::string_view sqlstate) {
  constexpr std::array<std::string_view, 6> kRaces = {"23505", "42P07", "42710", "XX000", "40001", "40P01"};
  return std::ranges::find(kRaces, sqlstate) != kRaces.end();
}

PostgresConnectFailure read_connect_failure(std::string_view message) {
  PostgresConnectFailure failure;
  // The last attempt stands last: `connection to server at "…", port 5432 failed: FATAL:  28P01: password …`.
  constexpr std::string_view kFailed = " failed: ";
  if (const auto at = message.rfind(kFailed); at != std::string_view::npos) message.remove_prefix(at + kFailed.size());
  message = message.substr(0, message.find('\n'));
  const auto colon = message.find(":  ");
  if (colon != std::string_view::npos && message.size() >= colon + 10 && message[colon + 8] == ':' &&
      is_sqlstate(message.substr(colon + 3, 5))) {
    failure.sqlstate = message.substr(colon + 3, 5);
    message.remove_prefix(colon + 10);
  }
  failure.reason = message;
  return failure;
}

Error postgres_connect_error(const PostgresTarget& target, const std::string& host, std::string_view message,
                             bool password_missing) {
  const PostgresConnectFailure failure = read_connect_failure(message);
  std::string detail = fmt::format("PostgreSQL at {} cannot be used: {}; {}.", host, failure.reason,
                                   advice_for(failure, target, password_missing));
  return {ErrorCode::kUnavailable, target.redacted(std::move(detail)), {}, {}};
}

}  // namespace c4a
