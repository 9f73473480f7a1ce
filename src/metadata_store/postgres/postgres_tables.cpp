#include "metadata_store/postgres/postgres_database.h"
#include "metadata_store/postgres/postgres_digest.h"
#include "metadata_store/postgres/postgres_metadata_store.h"
#include "metadata_store/postgres/postgres_statements.h"

namespace c4a {
namespace {

constexpr int kPageRows = 5'000;

// By MetadataTable.
constexpr std::array kPages = {
    &sql::kUsersRows,       &sql::kKeysRows,        &sql::kFamiliesRows,  &sql::kTokensRows, &sql::kRevocationsRows,
    &sql::kSigningKeysRows, &sql::kIdempotencyRows, &sql::kUndecidedRows, &sql::kAuditRows,
};
static_assert(kPages.size() == kMetadataTables.size());

Result<MetadataValue> value_of(const PostgresRows& rows, int row, int column, char kind) {
  switch (kind) {
    case 'i':
      return rows.integer(row, column);
    case 'I': {
      const auto number = rows.optional_integer(row, column);
      return number ? MetadataValue(*number) : MetadataValue();
    }
    case 'o':
      return std::int64_t{rows.boolean(row, column)};
    case 'u': {
      C4A_TRY(const Uuid id, rows.uuid(row, column));
      return std::string(id.view());
    }
    case 'b':
      return rows.blob(row, column);
    case 'B':
      return rows.optional_text(row, column) ? MetadataValue(rows.blob(row, column)) : MetadataValue();
    case 'T': {
      auto text = rows.optional_text(row, column);
      return text ? MetadataValue(*std::move(text)) : MetadataValue();
    }
    default:
      return rows.text(row, column);
  }
}

// The values of a row as what statements are given; it refers to the row.
class Bound {
 public:
  Bound(const MetadataRow& row, std::string_view kinds) : row_(row), kinds_(kinds) {}

  PostgresValue operator[](std::size_t column) const {
    if (const auto* number = std::get_if<std::int64_t>(&row_[column])) {
      return kinds_[column] == 'o' ? PostgresValue(*number != 0) : PostgresValue(*number);
    }
    const auto* text = std::get_if<std::string>(&row_[column]);
    if (text == nullptr) return PostgresValue(std::optional<std::int64_t>{});
    switch (kinds_[column]) {
      case 'u':
        return PostgresValue(Uuid::from_view(*text));
      case 'b':
      case 'B':
        return PostgresValue(PostgresBlob{*text});
      default:
        return PostgresValue(*text);
    }
  }
  std::string_view text(std::size_t column) const { return std::get<std::string>(row_[column]); }

 private:
  const MetadataRow& row_;
  std::string_view kinds_;
};

Result<PostgresRows> put(PostgresTransaction& transaction, MetadataTable table, const Bound& row) {
  switch (table) {
    case MetadataTable::kUsers:
      return transaction.run(sql::kPutUserRow, {row[0], row[1], row[2], row[3], row[4], row[5], row[6]});
    case MetadataTable::kApiKeys:
      return transaction.run(sql::kPutKeyRow, {row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7]});
    case MetadataTable::kRefreshFamilies:
      return transaction.run(sql::kPutFamilyRow, {row[0], row[1], row[2], row[3], row[4]});
    case MetadataTable::kRefreshTokens:
      return transaction.run(sql::kPutTokenRow, {row[0], row[1], row[2], row[3]});
    case MetadataTable::kRevocations: {
      const std::string hash = postgres_digest({row.text(1)});
      return transaction.run(sql::kPutRevocationRow, {row[0], PostgresBlob{hash}, row[1], row[2], row[3], row[4]});
    }
    case MetadataTable::kSigningKeys:
      return transaction.run(sql::kAddSigningKey, {row[0], row[1], row[2]});
    case MetadataTable::kIdempotency: {
      const std::string hash = postgres_digest({row.text(0), row.text(1), row.text(2)});
      return transaction.run(sql::kPutIdempotencyRow,
                             {PostgresBlob{hash}, row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7]});
    }
    case MetadataTable::kUndecidedSends:
      return transaction.run(sql::kPutUndecidedRow, {row[0], row[1], row[2], row[3], row[4], row[5]});
    case MetadataTable::kAuditEntries:
      return transaction.run(sql::kPutAuditRow, {row[0], row[1], row[2], row[3], row[4], row[5], row[6]});
  }
  return fail(ErrorCode::kInternal, "There is no such table.");
}

}  // namespace

Result<> PostgresMetadataStore::read_table(MetadataTable table, const std::function<Result<>(MetadataRow&&)>& visit) {
  const auto index = static_cast<std::size_t>(table);
  const std::string_view kinds = kMetadataTables[index].kinds;
  for (std::int64_t before = 0;; before += kPageRows) {
    C4A_TRY(const auto rows, database_->read(*kPages[index], {kPageRows, before}));
    for (int i = 0; i < rows.size(); ++i) {
      MetadataRow row;
      for (std::size_t column = 0; column < kinds.size(); ++column) {
        C4A_TRY(auto value, value_of(rows, i, static_cast<int>(column), kinds[column]));
        row.push_back(std::move(value));
      }
      C4A_CHECK(visit(std::move(row)));
    }
    if (rows.size() < kPageRows) return {};
  }
}

Result<> PostgresMetadataStore::put_rows(MetadataTable table, std::span<const MetadataRow> rows) {
  const std::string_view kinds = kMetadataTables[static_cast<std::size_t>(table)].kinds;
  return database_->transaction([&](PostgresTransaction& transaction) -> Result<> {
    for (const MetadataRow& row : rows) C4A_CHECK(put(transaction, table, Bound(row, kinds)));
    return {};
  });
}

}  // namespace c4a
