#include "metadata_store/postgres/postgres_connection.h"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <vector>

#include "base/worker_pool.h"
#include "metadata_store/postgres/postgres_statements.h"

namespace c4a {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

constexpr std::size_t kMaxValues = 16;

// Waits until the socket is ready for one of `events`; false at the deadline.
bool wait_for(int file, short events, PostgresDeadline deadline) {
  const WorkerPool::Waiting others_run;
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Steady::now()).count();
    if (left <= 0) return false;
    pollfd socket{file, events, 0};
    const int ready = ::poll(&socket, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return true;  // libpq will name what is wrong
  }
}

// The arrays that libpq takes. Text and blobs go as they are, numbers as text, so that the server casts them.
struct BoundValues {
  explicit BoundValues(std::initializer_list<PostgresValue> values) {
    count = 0;
    for (const auto& value : values) {
      std::visit([&](const auto& it) { bind(it); }, value.get());
      ++count;
    }
  }

  void bind(std::monostate) { pointers[count] = nullptr; }
  void bind(std::int64_t number) { own(std::to_string(number)); }
  void bind(bool yes) { own(yes ? "t" : "f"); }
  void bind(const Uuid& id) { own(id.str()); }
  void bind(std::string_view text) { refer(text); }
  void bind(PostgresArray array) { own(std::string(array.text)); }
  void bind(PostgresBlob blob) { refer(blob.bytes); }
  void own(std::string text) {
    texts[count] = std::move(text);
    pointers[count] = texts[count].c_str();
  }
  void refer(std::string_view bytes) {
    pointers[count] = bytes.data() == nullptr ? "" : bytes.data();
    lengths[count] = static_cast<int>(bytes.size());
    formats[count] = 1;
  }

  int count = 0;
  std::array<std::string, kMaxValues> texts;
  std::array<const char*, kMaxValues> pointers{};
  std::array<int, kMaxValues> lengths{};
  std::array<int, kMaxValues> formats{};
};

void ignore_notice(void*, const PGresult*) {}  // "relation exists already, skipping"

}  // namespace

Result<std::unique_ptr<PostgresConnection>> PostgresConnection::open(const PostgresTarget& target,
                                                                     std::size_t first_host,
                                                                     milliseconds connect_timeout,
                                                                     milliseconds statement_timeout,
                                                                     PostgresDeadline deadline) {
  std::optional<Error> failure;
  const std::size_t count = target.hosts().size();
  for (std::size_t i = 0; i < count && (i == 0 || Steady::now() < deadline); ++i) {
    std::unique_ptr<PostgresConnection> connection(new PostgresConnection(target, (first_host + i) % count));
    auto connected = connection->connect(std::min(deadline, Steady::now() + connect_timeout));
    if (connected) {
      const std::string limit = std::to_string(statement_timeout.count()) + "ms";
      auto configured = connection->execute_once(sql::kConfigure, {limit, limit}, deadline);
      if (configured) return connection;
      connected = fail(std::move(configured.error()));
    }
    failure = std::move(connected.error());
  }
  if (count > 1) failure->detail = fmt::format("None of the {} hosts can be used. {}", count, failure->detail);
  return fail(std::move(*failure));
}

PostgresConnection::~PostgresConnection() { PQfinish(handle_); }

Result<> PostgresConnection::connect(PostgresDeadline deadline) {
  const auto& host = target_->hosts()[host_];
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [name, value] : host.parameters) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  handle_ = PQconnectStartParams(names.data(), values.data(), 0);
  if (handle_ == nullptr) return fail(ErrorCode::kUnavailable, "There is no memory for a PostgreSQL connection.");
  PQsetErrorVerbosity(handle_, PQERRORS_VERBOSE);  // names the SQLSTATE, which libpq gives in no other way here
  PQsetNoticeReceiver(handle_, ignore_notice, nullptr);

  const auto failed = [&](std::string_view message) {
    return fail(postgres_connect_error(*target_, host.name, message, PQconnectionNeedsPassword(handle_) == 1));
  };
  auto state = PQstatus(handle_) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
  while (state != PGRES_POLLING_OK) {
    if (state == PGRES_POLLING_FAILED) return failed(PQerrorMessage(handle_));
    if (!wait_for(PQsocket(handle_), state == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline)) {
      return failed("it did not answer in time");
    }
    state = PQconnectPoll(handle_);
  }
  PQsetErrorVerbosity(handle_, PQERRORS_DEFAULT);
  PQsetnonblocking(handle_, 1);
  return {};
}

Result<> PostgresConnection::prepare(const PostgresStatement& statement, PostgresDeadline deadline) {
  auto prepared = PQsendPrepare(handle_, statement.name, statement.sql, 0, nullptr) == 0
                      ? Result<PostgresRows>(fail(lost(statement.name, PQerrorMessage(handle_))))
                      : finish(statement.name, deadline);
  if (!prepared) {
    if (trouble_ == PostgresTrouble::kLost) trouble_ = PostgresTrouble::kStale;  // nothing has run
    return fail(std::move(prepared.error()));
  }
  prepared_.insert(statement.name);
  return {};
}

Result<PostgresRows> PostgresConnection::execute(const PostgresStatement& statement,
                                                 std::initializer_list<PostgresValue> values,
                                                 PostgresDeadline deadline) {
  if (!prepared_.contains(statement.name)) C4A_CHECK(prepare(statement, deadline));
  const BoundValues bound(values);
  if (PQsendQueryPrepared(handle_, statement.name, bound.count, bound.pointers.data(), bound.lengths.data(),
                          bound.formats.data(), 0) == 0) {
    return fail(lost(statement.name, PQerrorMessage(handle_)));
  }
  return finish(statement.name, deadline);
}

Result<PostgresRows> PostgresConnection::execute_once(const PostgresStatement& statement,
                                                      std::initializer_list<PostgresValue> values,
                                                      PostgresDeadline deadline) {
  const BoundValues bound(values);
  if (PQsendQueryParams(handle_, statement.sql, bound.count, nullptr, bound.pointers.data(), bound.lengths.data(),
                        bound.formats.data(), 0) == 0) {
    return fail(lost(statement.name, PQerrorMessage(handle_)));
  }
  return finish(statement.name, deadline);
}

Result<> PostgresConnection::flush(std::string_view name, PostgresDeadline deadline) {
  while (true) {
    const int unsent = PQflush(handle_);
    if (unsent == 0) return {};
    if (unsent < 0) return fail(lost(name, PQerrorMessage(handle_)));
    // A server that stops reading until we read would otherwise wait for us as we for it.
    if (!wait_for(PQsocket(handle_), POLLIN | POLLOUT, deadline)) return fail(lost(name, "no answer in time"));
    if (PQconsumeInput(handle_) == 0) return fail(lost(name, PQerrorMessage(handle_)));
  }
}

// Reads until the server is ready for the next statement; answers the last result, or the first error.
Result<PostgresRows> PostgresConnection::finish(std::string_view name, PostgresDeadline deadline) {
  trouble_ = PostgresTrouble::kNone;
  sqlstate_.clear();
  C4A_CHECK(flush(name, deadline));
  PostgresRows rows(nullptr);
  std::optional<Error> failure;
  while (true) {
    while (PQisBusy(handle_) != 0) {
      if (!wait_for(PQsocket(handle_), POLLIN, deadline)) return fail(lost(name, "no answer in time"));
      if (PQconsumeInput(handle_) == 0) return fail(lost(name, PQerrorMessage(handle_)));
    }
    PGresult* const result = PQgetResult(handle_);
    if (result == nullptr) break;
    rows = PostgresRows(result);
    const auto status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && !failure) failure = refused(name, result);
  }
  if (PQstatus(handle_) == CONNECTION_BAD) trouble_ = PostgresTrouble::kLost;
  if (failure) return fail(std::move(*failure));
  return rows;
}

Error PostgresConnection::lost(std::string_view name, std::string_view reason) {
  trouble_ = PostgresTrouble::kLost;
  std::string text(read_connect_failure(reason).reason);
  return {ErrorCode::kUnavailable,
          target_->redacted(fmt::format("The connection to PostgreSQL at {} was lost in {}: {}; check the server and "
                                        "the network, and read before assuming that nothing happened.",
                                        target_->hosts()[host_].name, name, text)),
          {},
          {}};
}

Error PostgresConnection::refused(std::string_view name, const pg_result* result) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  if (state == nullptr) return lost(name, PQresultErrorMessage(result));
  sqlstate_ = state;
  trouble_ = postgres_trouble(sqlstate_);
  const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  return postgres_error(sqlstate_, message == nullptr ? "" : message, name);
}

bool PostgresConnection::reusable() const {
  return trouble_ != PostgresTrouble::kLost && trouble_ != PostgresTrouble::kStale &&
         PQstatus(handle_) == CONNECTION_OK && PQtransactionStatus(handle_) == PQTRANS_IDLE;
}

bool PostgresConnection::alive() const {
  // Between statements a server has nothing to say but good-bye. (Or that a setting was reloaded: a new connection is
  // right then, too.)
  pollfd socket{PQsocket(handle_), POLLIN, 0};
  return ::poll(&socket, 1, 0) == 0;
}

}  // namespace c4a
