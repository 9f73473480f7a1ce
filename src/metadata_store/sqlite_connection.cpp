#include "metadata_store/sqlite_connection.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cstdlib>

namespace c4a {
namespace {

constexpr int kBusyTimeoutMs = 5000;

int bind(sqlite3_stmt* statement, int index, const SqliteValue::Variant& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return sqlite3_bind_int64(statement, index, *number);
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    const char* bytes = text->data() == nullptr ? "" : text->data();
    return sqlite3_bind_text64(statement, index, bytes, text->size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  }
  if (const auto* blob = std::get_if<SqliteBlob>(&value)) {
    const char* bytes = blob->bytes.data() == nullptr ? "" : blob->bytes.data();
    return sqlite3_bind_blob64(statement, index, bytes, blob->bytes.size(), SQLITE_TRANSIENT);
  }
  return sqlite3_bind_null(statement, index);
}

// After a failed fsync nobody knows what is on the disk, and a later fsync may claim success: stop rather than lie.
void stop_if_fsync_failed(int code, const std::string& path) {
  if (code != SQLITE_IOERR_FSYNC && code != SQLITE_IOERR_DIR_FSYNC) return;
  fmt::print(stderr,
             "chat4all: fsync of {} failed. Whether the data is on the disk is not known, so the process ends; "
             "check the disk, then start again.\n",
             path);
  std::_Exit(1);
}

}  // namespace

SqliteRows::~SqliteRows() {
  if (statement_ != nullptr) connection_->give_back(sql_, statement_);
}

Result<bool> SqliteRows::next() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return fail(connection_->error(code));
}

bool SqliteRows::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

std::int64_t SqliteRows::integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::string SqliteRows::text(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  if (bytes == nullptr) return {};
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

std::optional<std::int64_t> SqliteRows::optional_integer(int column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

std::optional<std::string> SqliteRows::optional_text(int column) const {
  if (is_null(column)) return std::nullopt;
  return text(column);
}

Result<Uuid> SqliteRows::uuid(int column) const {
  const std::string bytes = text(column);
  if (bytes.size() != 16) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("{} holds an id that is no UUID; restore a backup.", connection_->path_));
  }
  return Uuid::from_view(bytes);
}

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(const std::string& path, Mode mode) {
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(path));
  // Each connection is used by one thread at a time, so SQLite's own mutexes are not needed.
  const int flags =
      SQLITE_OPEN_NOMUTEX | (mode == Mode::kWriter ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
  const int code = sqlite3_open_v2(path.c_str(), &connection->handle_, flags, nullptr);
  if (code != SQLITE_OK) return fail(connection->error(code));
  C4A_CHECK(connection->configure(mode));
  return connection;
}

Result<> SqliteConnection::configure(Mode mode) {
  sqlite3_extended_result_codes(handle_, 1);
  sqlite3_busy_timeout(handle_, kBusyTimeoutMs);
  if (mode == Mode::kReader) {
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    return script("PRAGMA wal_autocheckpoint=0; PRAGMA query_only=ON;");
  }
  {
    C4A_TRY(SqliteRows rows, query("PRAGMA journal_mode=WAL"));
    C4A_TRY(const bool found, rows.next());
    if (!found || rows.text(0) != "wal") {
      return fail(
          ErrorCode::kUnavailable,
          fmt::format("{} cannot be used with a write-ahead log; move the data to a local file system.", path_));
    }
  }
  return script("PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA wal_autocheckpoint=1000;");
}

SqliteConnection::~SqliteConnection() {
  for (const auto& [sql, statement] : idle_statements_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

Result<sqlite3_stmt*> SqliteConnection::take(std::string_view sql) {
  if (const auto found = idle_statements_.find(sql); found != idle_statements_.end()) {
    sqlite3_stmt* statement = found->second;
    idle_statements_.erase(found);
    return statement;
  }
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                      &statement, nullptr);
  if (code != SQLITE_OK) return fail(error(code));
  return statement;
}

void SqliteConnection::give_back(std::string_view sql, sqlite3_stmt* statement) {
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  if (!idle_statements_.try_emplace(std::string(sql), statement).second) sqlite3_finalize(statement);
}

Result<SqliteRows> SqliteConnection::query(std::string_view sql, std::initializer_list<SqliteValue> values) {
  C4A_TRY(sqlite3_stmt* const statement, take(sql));
  SqliteRows rows(*this, sql, statement);
  int index = 0;
  for (const auto& value : values) {
    if (const int code = bind(statement, ++index, value.get()); code != SQLITE_OK) return fail(error(code));
  }
  return rows;
}

Result<int> SqliteConnection::run(std::string_view sql, std::initializer_list<SqliteValue> values) {
  C4A_TRY(SqliteRows rows, query(sql, values));
  while (true) {
    C4A_TRY(const bool more, rows.next());
    if (!more) return sqlite3_changes(handle_);
  }
}

Result<> SqliteConnection::script(const char* sql) {
  const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return fail(error(code));
  return {};
}

bool SqliteConnection::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

Error SqliteConnection::error(int code) const {
  stop_if_fsync_failed(code, path_);
  const char* reason = handle_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle_);
  const auto make = [&](ErrorCode kind, std::string_view advice) {
    return Error{kind, fmt::format("SQLite cannot use {}: {} (code {}); {}.", path_, reason, code, advice), {}, {}};
  };
  switch (code & 0xFF) {
    case SQLITE_FULL:
      return make(ErrorCode::kUnavailable, "free some space on its disk");
    case SQLITE_IOERR:
      return make(ErrorCode::kUnavailable, "check its disk");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
    case SQLITE_AUTH:
      return make(ErrorCode::kUnavailable, "check that the folder exists and that this process may write there");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return make(ErrorCode::kUnavailable, "another program holds it, try again");
    case SQLITE_NOMEM:
      return make(ErrorCode::kUnavailable, "memory is short, try again");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return make(ErrorCode::kCorrupt, "the file is damaged, stop the server and restore a backup");
    case SQLITE_CONSTRAINT:
      return make(ErrorCode::kConflict, "a row with this key exists");
    default:
      return make(ErrorCode::kInternal, "report this");
  }
}

}  // namespace c4a
