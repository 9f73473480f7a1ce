#pragma once

// A statement, what its parameters are bound to, and the rows it answers.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/uuid.h"

struct pg_result;

namespace c4a {

// Every statement that the program can send is one of postgres_statements.h or postgres_schema.cpp, and sql_dialect.py
// of tests/sql_dialect reads them there.
struct PostgresStatement {
  const char* name;  // under which a connection keeps it prepared
  const char* sql;
};

struct PostgresBlob {
  std::string_view bytes;
};

// The text form of an array, see postgres_array().
struct PostgresArray {
  std::string_view text;
};

// What a `$n` is bound to. It refers to the caller's text: keep that until execute() has returned.
class PostgresValue {
 public:
  PostgresValue(std::int64_t number) : value_(number) {}
  PostgresValue(int number) : value_(std::int64_t{number}) {}
  PostgresValue(std::size_t number) : value_(static_cast<std::int64_t>(number)) {}
  PostgresValue(bool yes) : value_(yes) {}
  PostgresValue(std::string_view text) : value_(text) {}
  PostgresValue(const std::string& text) : value_(std::string_view(text)) {}
  PostgresValue(const char* text) : value_(std::string_view(text)) {}
  PostgresValue(PostgresBlob blob) : value_(blob) {}
  PostgresValue(PostgresArray array) : value_(array) {}
  PostgresValue(const Uuid& id) : value_(id) {}
  PostgresValue(const std::optional<std::string>& text) {
    if (text) value_ = std::string_view(*text);
  }
  PostgresValue(const std::optional<std::int64_t>& number) {
    if (number) value_ = *number;
  }

  using Variant = std::variant<std::monostate, std::int64_t, bool, std::string_view, PostgresBlob, PostgresArray, Uuid>;
  const Variant& get() const { return value_; }

 private:
  Variant value_;
};

// `{"a","b"}`: the text of an array parameter. Items hold neither quotes nor backslashes.
std::string postgres_array(const std::vector<std::string_view>& items);

// All rows of an answer, in memory: statements that may answer many carry a LIMIT. Rows and columns count from 0.
class PostgresRows {
 public:
  explicit PostgresRows(pg_result* result) : result_(result) {}

  int size() const;
  bool empty() const { return size() == 0; }
  std::int64_t changed() const;  // rows that an INSERT, UPDATE or DELETE touched

  std::int64_t integer(int row, int column) const;
  bool boolean(int row, int column) const;
  std::string text(int row, int column) const;
  std::string blob(int row, int column) const;
  std::optional<std::int64_t> optional_integer(int row, int column) const;
  std::optional<std::string> optional_text(int row, int column) const;
  Result<Uuid> uuid(int row, int column) const;  // kCorrupt unless it is one

 private:
  struct Clear {
    void operator()(pg_result* result) const;
  };
  std::string_view raw(int row, int column) const;

  std::unique_ptr<pg_result, Clear> result_;
};

}  // namespace c4a
