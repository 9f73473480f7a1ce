#pragma once

// CqlSession: the driver with what the store asks of it besides: a limit of requests under way, a breaker, counters.

#include <array>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "message_store/cassandra/cells.h"
#include "message_store/cassandra/open.h"
#include "message_store/cassandra/statements.h"

struct CqlSession;
struct CqlStatement;

namespace c4a::cassandra {

// Rows that go in one request. More than one must be of one partition key, so that they are one mutation: all or
// nothing, in whatever tables of the keyspace they lie.
struct Batch {
  std::vector<StatementId> statements;  // one a row
  std::string cells;

  bool empty() const { return statements.empty(); }
};

// How an attempt ended. kUnavailable: a write may have happened.
using Done = std::function<void(Result<RowSet>)>;

// Any thread may call any method.
class CqlSession {
 public:
  // Without prepared statements. Fails with kUnavailable.
  static Result<std::unique_ptr<CqlSession>> connect(const CassandraOptions& options);
  ~CqlSession();  // waits for the last request
  CqlSession(const CqlSession&) = delete;
  CqlSession& operator=(const CqlSession&) = delete;

  // All of kStatements; before `read` and `send`. Fails with kUnavailable, kCorrupt when the tables are not as
  // expected.
  Result<> prepare();

  // Any text, once, blocking: for what is seldom asked.
  Result<RowSet> query(const std::string& cql, std::chrono::milliseconds timeout);
  // Blocks, tries again a little. While the store is known to be away it fails at once, but for one probe a second.
  Result<RowSet> read(StatementId id, const std::string& cells);
  // One attempt; `done` comes on the driver's thread, and at once when too many wait already. Blocks while
  // max_in_flight requests are under way.
  void send(const Batch& batch, Done done);

  const CassandraOptions& options() const { return options_; }
  CassandraCounters& counters() const { return *options_.counters; }

 private:
  struct Request;
  explicit CqlSession(const CassandraOptions& options) : options_(options) {}
  static void finished(void* user, std::int32_t code, const std::uint8_t* data, std::size_t length, std::uint32_t rows,
                       std::uint32_t columns);

  Result<> take_place();
  void give_place();
  Result<> pass_breaker();
  Result<RowSet> read_once(StatementId id, const std::string& cells);
  void count(const Result<RowSet>& result);

  CassandraOptions options_;
  ::CqlSession* driver_ = nullptr;
  std::array<CqlStatement*, kStatements> statements_{};

  std::mutex places_lock_;
  std::condition_variable place_free_;
  std::size_t in_flight_ = 0;
  std::size_t waiting_ = 0;

  std::atomic<std::uint32_t> failures_in_row_{0};
  std::atomic<std::int64_t> next_probe_us_{0};
};

}  // namespace c4a::cassandra
