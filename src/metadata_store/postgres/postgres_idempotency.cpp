#include "metadata_store/postgres/postgres_database.h"
#include "metadata_store/postgres/postgres_digest.h"
#include "metadata_store/postgres/postgres_metadata_store.h"
#include "metadata_store/postgres/postgres_statements.h"

namespace c4a {
namespace {

constexpr int kMaxVanished = 8;

std::string digest_of(const IdempotencyId& id) { return postgres_digest({id.caller, id.path, id.key}); }

std::optional<IdempotencyBegin> earlier_of(const PostgresRows& rows, std::string_view body_hash) {
  if (rows.empty()) return std::nullopt;
  if (rows.blob(0, 0) != body_hash) return IdempotencyBegin{IdempotencyBegin::Kind::kOtherBody, {}};
  const auto status = rows.optional_integer(0, 1);
  if (!status) return IdempotencyBegin{IdempotencyBegin::Kind::kRunning, {}};
  return IdempotencyBegin{IdempotencyBegin::Kind::kReplay,
                          {static_cast<int>(*status), rows.text(0, 2), rows.blob(0, 3)}};
}

}  // namespace

Result<IdempotencyBegin> PostgresMetadataStore::begin_idempotent(const IdempotencyId& id, std::string_view body_hash,
                                                                 TimestampMs now) {
  const std::string request_hash = digest_of(id);
  for (int i = 0; i < kMaxVanished; ++i) {
    C4A_TRY(const auto begun,
            database_->write(sql::kBeginRequest, {PostgresBlob{request_hash}, id.caller, id.path, id.key,
                                                  PostgresBlob{body_hash}, now, now - kIdempotencyMs}));
    if (begun.changed() > 0) return IdempotencyBegin{};
    C4A_TRY(const auto rows, database_->read(sql::kReadRequest, {PostgresBlob{request_hash}}));
    if (auto earlier = earlier_of(rows, body_hash)) return *std::move(earlier);
    // Abandoned between the two statements: it is free again.
  }
  return fail(ErrorCode::kUnavailable, "Other requests with this Idempotency-Key come and go; try again.");
}

Result<> PostgresMetadataStore::finish_idempotent(const IdempotencyId& id, const StoredResponse& response) {
  const std::string request_hash = digest_of(id);
  C4A_CHECK(database_->write(sql::kFinishRequest, {PostgresBlob{request_hash}, response.status, response.headers,
                                                   PostgresBlob{response.body}}));
  return {};
}

Result<> PostgresMetadataStore::abandon_idempotent(const IdempotencyId& id) {
  const std::string request_hash = digest_of(id);
  C4A_CHECK(database_->write(sql::kAbandonRequest, {PostgresBlob{request_hash}}));
  return {};
}

Result<> PostgresMetadataStore::abandon_interrupted_idempotent(TimestampMs started_before) {
  C4A_CHECK(database_->write(sql::kAbandonInterrupted, {started_before}));
  return {};
}

}  // namespace c4a
