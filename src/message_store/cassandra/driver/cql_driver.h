#pragma once

// The C interface of the driver in this folder (src/lib.rs). Only cql_session.cpp uses it.
//
// Values are CQL wire cells: a big-endian i32 length and as many bytes, -1 for null. Any thread may call; a callback
// comes on the driver's own thread, exactly once for each request, with data that is valid during the call only.

#include <cstddef>
#include <cstdint>

extern "C" {

struct CqlSession;
struct CqlStatement;

inline constexpr std::int32_t kCqlOk = 0;
inline constexpr std::int32_t kCqlUnavailable = 1;  // later perhaps; a write may have happened
inline constexpr std::int32_t kCqlRejected = 2;     // never in this form

// `data`: the rows' cells, row after row; with an error its text.
using CqlCallback = void (*)(void* user, std::int32_t code, const std::uint8_t* data, std::size_t length,
                             std::uint32_t rows, std::uint32_t columns);

struct CqlTarget {
  const char* hosts;
  const char* keyspace;
  const char* user;  // empty: without a login
  const char* password;
  const char* ca_file;  // null: without TLS; empty: the system's authorities
  std::uint32_t timeout_ms;
};

// Why there is no session.
inline constexpr std::int32_t kCqlNoAnswer = 1;
inline constexpr std::int32_t kCqlNoLogin = 2;       // a login is asked for, and none was given
inline constexpr std::int32_t kCqlLoginRefused = 3;  // user or password
inline constexpr std::int32_t kCqlTlsRefused = 4;    // no handshake, or a certificate that is not trusted
inline constexpr std::int32_t kCqlNoAuthority = 5;   // `ca_file` cannot be read

// Blocks. Null, with the reason and its text in `error`, when no host can be used. With TLS a node's certificate must
// name the address by which it is reached.
CqlSession* c4a_cql_connect(const CqlTarget* target, std::int32_t* reason, char* error, std::size_t capacity);
// After the last callback.
void c4a_cql_close(CqlSession* session);

// Blocks. Everything that is prepared counts as idempotent and is asked at QUORUM, or at ONE with `one_copy`.
std::int32_t c4a_cql_prepare(const CqlSession* session, const char* cql, bool one_copy, CqlStatement** statement,
                             char* error, std::size_t capacity);
void c4a_cql_drop_statement(CqlStatement* statement);

void c4a_cql_query(const CqlSession* session, const char* cql, std::uint32_t timeout_ms, CqlCallback callback,
                   void* user);
void c4a_cql_execute(const CqlSession* session, const CqlStatement* statement, const std::uint8_t* cells,
                     std::size_t length, CqlCallback callback, void* user);
// An unlogged batch; `statements` names one for each row. Routed by the first row's partition key.
void c4a_cql_batch(const CqlSession* session, const CqlStatement* const* statements, std::size_t count,
                   const std::uint8_t* cells, std::size_t length, CqlCallback callback, void* user);
}
