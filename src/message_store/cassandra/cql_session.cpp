#include "message_store/cassandra/cql_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <thread>

#include "base/clock.h"
#include "base/worker_pool.h"
#include "message_store/cassandra/driver/cql_driver.h"

namespace c4a::cassandra {
namespace {

constexpr std::size_t kMaxWaiting = 1'024;  // threads; those beyond it are refused
constexpr std::uint32_t kFailuresThatOpen = 16;
constexpr std::int64_t kProbeEveryUs = 1'000'000;
constexpr int kReadAttempts = 3;
constexpr std::chrono::milliseconds kReadPause{60};  // then twice that

Error error_of(std::int32_t code, std::string_view text) {
  if (code == kCqlUnavailable) return {ErrorCode::kUnavailable, fmt::format("Cassandra does not answer: {}", text)};
  return {ErrorCode::kInternal, fmt::format("Cassandra refused a request: {}", text)};
}

Error no_session(const CassandraOptions& options, std::int32_t reason, std::string_view why) {
  const auto sentence = [&]() -> std::string {
    switch (reason) {
      case kCqlNoLogin:
        return fmt::format("Cassandra at {} asks for a login: set cassandra.username and cassandra.password.",
                           options.hosts);
      case kCqlLoginRefused:
        return fmt::format(
            "Cassandra at {} refuses the login of {} ({}): correct cassandra.username and "
            "cassandra.password.",
            options.hosts, options.user, why);
      case kCqlTlsRefused:
        return fmt::format(
            "Cassandra at {} and this server do not agree on TLS ({}): see that cassandra.tls is as the nodes' ports "
            "are, "
            "that cassandra.ca_file holds who signed their certificates, and that those name the "
            "nodes' IP addresses.",
            options.hosts, why);
      case kCqlNoAuthority:
        return fmt::format(
            "The file {} of cassandra.ca_file is none that certificates can be read from ({}): name a "
            "readable PEM file.",
            options.ca_file, why);
      default:
        return fmt::format(
            "No Cassandra node answers at {}: check that it runs, that the addresses are right, and that "
            "cassandra.tls is as the nodes want it ({}).",
            options.hosts, why);
    }
  };
  return {ErrorCode::kUnavailable, sentence()};
}

// One answer, waited for by the thread that asked.
class Waiter {
 public:
  void set(Result<RowSet> result) {
    const std::lock_guard lock(lock_);
    result_ = std::move(result);
    ready_.notify_one();  // with the lock: whoever waits destroys this as soon as it may
  }
  Result<RowSet> wait() {
    const WorkerPool::Waiting others_run;
    std::unique_lock lock(lock_);
    ready_.wait(lock, [this] { return result_.has_value(); });
    return std::move(*result_);
  }

 private:
  std::mutex lock_;
  std::condition_variable ready_;
  std::optional<Result<RowSet>> result_;
};

}  // namespace

struct CqlSession::Request {
  CqlSession& session;
  Breaker& breaker;
  Done done;
  bool has_place = true;  // among those that max_in_flight counts
};

CqlSession::CqlSession(const CassandraOptions& options)
    : options_(options), writes_({}, [this](const Batch& batch, Done done) { send(batch, std::move(done)); }) {}

Result<std::unique_ptr<CqlSession>> CqlSession::connect(const CassandraOptions& options) {
  std::unique_ptr<CqlSession> session(new CqlSession(options));
  if (!session->options_.counters) session->options_.counters = std::make_shared<CassandraCounters>();
  const CqlTarget target = {options.hosts.c_str(),
                            options.keyspace.c_str(),
                            options.user.c_str(),
                            options.password.c_str(),
                            options.tls ? options.ca_file.c_str() : nullptr,
                            static_cast<std::uint32_t>(options.request_timeout_ms)};
  std::array<char, 1024> why{};
  std::int32_t reason = kCqlNoAnswer;
  session->driver_ = c4a_cql_connect(&target, &reason, why.data(), why.size());
  if (session->driver_ == nullptr) return fail(no_session(options, reason, why.data()));
  return session;
}

CqlSession::~CqlSession() {
  {
    std::unique_lock lock(places_lock_);
    place_free_.wait(lock, [this] { return in_flight_ == 0; });
  }
  for (CqlStatement* statement : statements_) {
    if (statement != nullptr) c4a_cql_drop_statement(statement);
  }
  if (driver_ != nullptr) c4a_cql_close(driver_);
}

Result<> CqlSession::prepare() {
  std::array<char, 1024> why{};
  for (std::size_t i = 0; i < kStatements; ++i) {
    const std::string text = statement_text(static_cast<StatementId>(i), options_.keyspace);
    const bool one_copy = wants_one_copy(static_cast<StatementId>(i));
    const std::int32_t code = c4a_cql_prepare(driver_, text.c_str(), one_copy, &statements_[i], why.data(), why.size());
    if (code == kCqlUnavailable) return fail(error_of(code, why.data()));
    if (code != kCqlOk) {
      return fail(ErrorCode::kCorrupt, fmt::format("The tables of keyspace {} are not as this version made them: {}",
                                                   options_.keyspace, why.data()));
    }
  }
  return {};
}

Result<> CqlSession::take_place(Breaker& breaker) {
  std::unique_lock lock(places_lock_);
  if (reading_ >= options_.max_in_flight) {
    if (waiting_ >= kMaxWaiting) return fail(ErrorCode::kUnavailable, "Too many requests wait for Cassandra.");
    const WorkerPool::Waiting others_run;
    ++waiting_;
    place_free_.wait(lock, [this] { return reading_ < options_.max_in_flight; });
    --waiting_;
    C4A_CHECK(pass(breaker));  // others may have found out meanwhile
  }
  ++reading_;
  ++in_flight_;
  counters().in_flight.fetch_add(1, std::memory_order_relaxed);
  return {};
}

void CqlSession::give_place(bool reading) {
  const std::lock_guard lock(places_lock_);
  --in_flight_;
  if (reading) --reading_;
  counters().in_flight.fetch_sub(1, std::memory_order_relaxed);
  place_free_.notify_all();  // one that waits for a place, or the destructor
}

void CqlSession::finished(void* user, std::int32_t code, const std::uint8_t* data, std::size_t length,
                          std::uint32_t rows, std::uint32_t) {
  const std::unique_ptr<Request> request(static_cast<Request*>(user));
  const std::string_view bytes(reinterpret_cast<const char*>(data), length);
  Result<RowSet> result = code == kCqlOk ? Result<RowSet>(RowSet(std::string(bytes), rows))
                                         : Result<RowSet>(std::unexpected(error_of(code, bytes)));
  request->session.count(request->breaker, result);
  CqlSession& session = request->session;
  request->done(std::move(result));
  session.give_place(request->has_place);  // last: then the session may go
}

void CqlSession::count(Breaker& breaker, const Result<RowSet>& result) {
  if (result || result.error().code != ErrorCode::kUnavailable) {
    breaker.failures_in_row.store(0, std::memory_order_relaxed);
    if (result) return;
  } else {
    breaker.failures_in_row.fetch_add(1, std::memory_order_relaxed);
  }
  counters().failures.fetch_add(1, std::memory_order_relaxed);
}

Result<RowSet> CqlSession::query(const std::string& cql, std::chrono::milliseconds timeout) {
  Waiter waiter;
  C4A_CHECK(take_place(quorum_));
  auto request =
      std::make_unique<Request>(*this, quorum_, [&](Result<RowSet> result) { waiter.set(std::move(result)); });
  c4a_cql_query(driver_, cql.c_str(), static_cast<std::uint32_t>(timeout.count()), finished, request.release());
  return waiter.wait();
}

Result<> CqlSession::pass(Breaker& breaker) {
  if (breaker.failures_in_row.load(std::memory_order_relaxed) < kFailuresThatOpen) return {};
  const std::int64_t now = system_clock().monotonic_us();
  std::int64_t next = breaker.next_probe_us.load(std::memory_order_relaxed);
  if (now >= next && breaker.next_probe_us.compare_exchange_strong(next, now + kProbeEveryUs)) return {};
  return fail(ErrorCode::kUnavailable, "Cassandra has not answered the last requests; it is asked once a second.");
}

Result<> CqlSession::begin_read(StatementId id, const std::string& cells, Done done) {
  C4A_CHECK(pass(breaker_of(id)));
  C4A_CHECK(take_place(breaker_of(id)));
  auto request = std::make_unique<Request>(*this, breaker_of(id), std::move(done));
  c4a_cql_execute(driver_, statements_[static_cast<std::size_t>(id)],
                  reinterpret_cast<const std::uint8_t*>(cells.data()), cells.size(), finished, request.release());
  return {};
}

Result<RowSet> CqlSession::read_once(StatementId id, const std::string& cells) {
  Waiter waiter;
  C4A_CHECK(begin_read(id, cells, [&](Result<RowSet> result) { waiter.set(std::move(result)); }));
  return waiter.wait();
}

Result<RowSet> CqlSession::read_again(StatementId id, const std::string& cells, Result<RowSet> result,
                                      std::int64_t begun_us) {
  const std::int64_t give_up = begun_us + std::int64_t{options_.request_timeout_ms} * 1000;
  for (int attempt = 1;; ++attempt) {
    if (result || result.error().code != ErrorCode::kUnavailable) return result;
    if (attempt == kReadAttempts || system_clock().monotonic_us() >= give_up) return result;
    counters().retries.fetch_add(1, std::memory_order_relaxed);
    {
      const WorkerPool::Waiting others_run;
      std::this_thread::sleep_for(kReadPause * attempt);
    }
    result = read_once(id, cells);
  }
}

Result<RowSet> CqlSession::read(StatementId id, const std::string& cells) {
  counters().reads.fetch_add(1, std::memory_order_relaxed);
  const std::int64_t begun = system_clock().monotonic_us();
  return read_again(id, cells, read_once(id, cells), begun);
}

Result<std::vector<RowSet>> CqlSession::read_all(std::span<const Read> reads) {
  counters().reads.fetch_add(reads.size(), std::memory_order_relaxed);
  const std::int64_t begun = system_clock().monotonic_us();
  std::deque<Waiter> waiters(reads.size());
  std::size_t asked = 0;
  Result<> all;
  for (; asked < reads.size() && all; ++asked) {
    all = begin_read(reads[asked].statement, reads[asked].cells,
                     [&waiter = waiters[asked]](Result<RowSet> result) { waiter.set(std::move(result)); });
  }
  if (!all) --asked;  // the last one never began
  std::vector<RowSet> rows;
  rows.reserve(reads.size());
  for (std::size_t i = 0; i < asked; ++i) {
    auto result = waiters[i].wait();  // also after a failure: it would be called where nobody is left
    if (!all) continue;
    result = read_again(reads[i].statement, reads[i].cells, std::move(result), begun);
    if (result)
      rows.push_back(std::move(*result));
    else
      all = std::unexpected(std::move(result.error()));
  }
  if (!all) return std::unexpected(std::move(all.error()));
  return rows;
}

// Without a place: it may be called where one has just ended, on the driver's thread, which must not wait.
void CqlSession::send(const Batch& batch, Done done) {
  {
    const std::lock_guard lock(places_lock_);
    ++in_flight_;
  }
  counters().in_flight.fetch_add(1, std::memory_order_relaxed);
  counters().write_requests.fetch_add(1, std::memory_order_relaxed);
  auto request = std::make_unique<Request>(*this, quorum_, std::move(done), false);
  const auto* cells = reinterpret_cast<const std::uint8_t*>(batch.cells.data());
  const auto statement = [&](StatementId id) { return statements_[static_cast<std::size_t>(id)]; };
  if (batch.statements.size() == 1) {
    c4a_cql_execute(driver_, statement(batch.statements[0]), cells, batch.cells.size(), finished, request.release());
    return;
  }
  std::vector<const CqlStatement*> statements(batch.statements.size());
  std::ranges::transform(batch.statements, statements.begin(), statement);
  c4a_cql_batch(driver_, statements.data(), statements.size(), cells, batch.cells.size(), finished, request.release());
}

}  // namespace c4a::cassandra
