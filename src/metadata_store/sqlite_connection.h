#pragma once

// One SQLite connection and its prepared statements, owned by one thread at a time.

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>

#include "base/result.h"
#include "base/uuid.h"

struct sqlite3;
struct sqlite3_stmt;

namespace c4a {

struct SqliteBlob {
  std::string_view bytes;
};

// What a `?` is bound to; copied at once.
class SqliteValue {
 public:
  SqliteValue(std::int64_t number) : value_(number) {}
  SqliteValue(int number) : value_(std::int64_t{number}) {}
  SqliteValue(std::size_t number) : value_(static_cast<std::int64_t>(number)) {}
  SqliteValue(bool yes) : value_(std::int64_t{yes}) {}
  SqliteValue(std::string_view text) : value_(text) {}
  SqliteValue(const std::string& text) : value_(std::string_view(text)) {}
  SqliteValue(const char* text) : value_(std::string_view(text)) {}
  SqliteValue(SqliteBlob blob) : value_(blob) {}
  SqliteValue(const Uuid& id) : value_(SqliteBlob{id.view()}) {}
  SqliteValue(const std::optional<std::string>& text) {
    if (text) value_ = std::string_view(*text);
  }
  SqliteValue(const std::optional<std::int64_t>& number) {
    if (number) value_ = *number;
  }

  using Variant = std::variant<std::monostate, std::int64_t, std::string_view, SqliteBlob>;
  const Variant& get() const { return value_; }

 private:
  Variant value_;
};

class SqliteConnection;

// The rows of a running query, one at a time. Columns count from 0 and may be read after next() answered true.
class SqliteRows {
 public:
  SqliteRows(SqliteConnection& connection, std::string_view sql, sqlite3_stmt* statement)
      : connection_(&connection), sql_(sql), statement_(statement) {}
  SqliteRows(SqliteRows&& other) noexcept
      : connection_(other.connection_), sql_(other.sql_), statement_(std::exchange(other.statement_, nullptr)) {}
  SqliteRows(const SqliteRows&) = delete;
  SqliteRows& operator=(const SqliteRows&) = delete;
  ~SqliteRows();

  Result<bool> next();

  std::int64_t integer(int column) const;
  std::string text(int column) const;  // bytes of a blob, too
  std::optional<std::int64_t> optional_integer(int column) const;
  std::optional<std::string> optional_text(int column) const;
  Result<Uuid> uuid(int column) const;  // kCorrupt unless it is a blob of 16 bytes

 private:
  friend class SqliteConnection;
  bool is_null(int column) const;

  SqliteConnection* connection_;
  std::string_view sql_;
  sqlite3_stmt* statement_;
};

class SqliteConnection {
 public:
  enum class Mode : std::uint8_t { kWriter, kReader };

  // The writer creates the file where there is none, and is the only one that checkpoints. A reader needs a writer that
  // is open already.
  static Result<std::unique_ptr<SqliteConnection>> open(const std::string& path, Mode mode);
  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  // `sql` must be a literal or live as long as the rows; statements are kept prepared by their text.
  Result<SqliteRows> query(std::string_view sql, std::initializer_list<SqliteValue> values = {});
  // Runs a statement to its end; answers the number of changed rows.
  Result<int> run(std::string_view sql, std::initializer_list<SqliteValue> values = {});
  // Several statements, without parameters.
  Result<> script(const char* sql);
  // False once SQLite itself has rolled back, as it does when the disk is full.
  bool in_transaction() const;

 private:
  friend class SqliteRows;
  explicit SqliteConnection(std::string path) : path_(std::move(path)) {}
  Result<> configure(Mode mode);
  Result<sqlite3_stmt*> take(std::string_view sql);
  void give_back(std::string_view sql, sqlite3_stmt* statement);
  Error error(int code) const;

  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  std::string path_;
  sqlite3* handle_ = nullptr;
  std::unordered_map<std::string, sqlite3_stmt*, TextHash, std::equal_to<>> idle_statements_;
};

}  // namespace c4a
