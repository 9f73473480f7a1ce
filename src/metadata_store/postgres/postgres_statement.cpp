#include "metadata_store/postgres/postgres_statement.h"

#include <libpq-fe.h>

#include <charconv>

namespace c4a {

std::string postgres_array(const std::vector<std::string_view>& items) {
  std::string text = "{";
  for (const auto item : items) {
    if (text.size() > 1) text += ',';
    text += '"';
    text += item;
    text += '"';
  }
  text += '}';
  return text;
}

void PostgresRows::Clear::operator()(pg_result* result) const { PQclear(result); }

int PostgresRows::size() const { return PQntuples(result_.get()); }

std::int64_t PostgresRows::changed() const {
  const std::string_view text = PQcmdTuples(result_.get());
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string_view PostgresRows::raw(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column), static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

std::int64_t PostgresRows::integer(int row, int column) const {
  const std::string_view text = raw(row, column);
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

bool PostgresRows::boolean(int row, int column) const { return raw(row, column) == "t"; }

std::string PostgresRows::text(int row, int column) const { return std::string(raw(row, column)); }

std::string PostgresRows::blob(int row, int column) const {
  std::size_t size = 0;
  const auto* escaped = reinterpret_cast<const unsigned char*>(PQgetvalue(result_.get(), row, column));
  const std::unique_ptr<unsigned char, decltype(&PQfreemem)> bytes(PQunescapeBytea(escaped, &size), &PQfreemem);
  return bytes ? std::string(reinterpret_cast<const char*>(bytes.get()), size) : std::string();
}

std::optional<std::int64_t> PostgresRows::optional_integer(int row, int column) const {
  if (PQgetisnull(result_.get(), row, column)) return std::nullopt;
  return integer(row, column);
}

std::optional<std::string> PostgresRows::optional_text(int row, int column) const {
  if (PQgetisnull(result_.get(), row, column)) return std::nullopt;
  return text(row, column);
}

Result<Uuid> PostgresRows::uuid(int row, int column) const {
  const auto id = Uuid::parse(raw(row, column));
  if (!id) return fail(ErrorCode::kCorrupt, "A row of the metadata database holds an id that is no UUID.");
  return *id;
}

}  // namespace c4a
