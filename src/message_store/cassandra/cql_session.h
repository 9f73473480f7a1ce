#pragma once

// CqlSession: the driver with what the store asks of it besides: a limit of requests under way, a breaker, counters.

#include <array>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "message_store/cassandra/batch.h"
#include "message_store/cassandra/open.h"
#include "message_store/cassandra/write_groups.h"

struct CqlSession;
struct CqlStatement;

namespace c4a::cassandra {

struct Read {
  StatementId statement;
  std::string cells;
};

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
  // Blocks, tries again a little. While the store is known to be away it fails at once, but for one probe a second;
  // that a quorum is away says nothing of single copies.
  Result<RowSet> read(StatementId id, const std::string& cells);
  // As `read`, all at once, in their order. The first failure fails them all.
  Result<std::vector<RowSet>> read_all(std::span<const Read> reads);
  // One attempt for each; `done` comes on the driver's thread. Writes of all threads share requests.
  void write(std::vector<WriteGroups::Write> writes) { writes_.add(std::move(writes)); }
  // For who waits for writes, now and then.
  void look_again() { writes_.look_again(); }

  const CassandraOptions& options() const { return options_; }
  CassandraCounters& counters() const { return *options_.counters; }

 private:
  struct Request;
  // Of requests that want as many copies.
  struct Breaker {
    std::atomic<std::uint32_t> failures_in_row{0};
    std::atomic<std::int64_t> next_probe_us{0};
  };
  explicit CqlSession(const CassandraOptions& options);
  static void finished(void* user, std::int32_t code, const std::uint8_t* data, std::size_t length, std::uint32_t rows,
                       std::uint32_t columns);

  void send(const Batch& batch, Done done);
  Result<> take_place(Breaker& breaker);
  void give_place(bool reading);
  Breaker& breaker_of(StatementId id) { return wants_one_copy(id) ? one_copy_ : quorum_; }
  static Result<> pass(Breaker& breaker);
  Result<RowSet> read_once(StatementId id, const std::string& cells);
  // Another attempt, after one that failed, as long as there is time and it may help.
  Result<RowSet> read_again(StatementId id, const std::string& cells, Result<RowSet> result, std::int64_t begun_us);
  Result<> begin_read(StatementId id, const std::string& cells, Done done);
  void count(Breaker& breaker, const Result<RowSet>& result);

  CassandraOptions options_;
  ::CqlSession* driver_ = nullptr;
  std::array<CqlStatement*, kStatements> statements_{};

  std::mutex places_lock_;
  std::condition_variable place_free_;
  std::size_t in_flight_ = 0;  // writes too, which have a limit of their own
  std::size_t reading_ = 0;
  std::size_t waiting_ = 0;

  Breaker quorum_;
  Breaker one_copy_;
  WriteGroups writes_;
};

}  // namespace c4a::cassandra
