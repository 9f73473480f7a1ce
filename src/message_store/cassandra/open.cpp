#include "message_store/cassandra/open.h"

#include <fmt/format.h>

#include "message_store/cassandra/cassandra_message_store.h"
#include "message_store/cassandra/cassandra_schema.h"

namespace c4a {

Result<std::unique_ptr<BulkMessageStore>> open_cassandra_message_store(const CassandraOptions& options) {
  C4A_TRY(auto session, cassandra::CqlSession::connect(options));
  C4A_TRY(const std::int64_t bucket_rows, cassandra::check_schema(*session));
  if (!options.half_moved) {
    C4A_TRY(const auto move, cassandra::read_move(*session));
    if (move && !move->finished) {
      return fail(
          ErrorCode::kConflict,
          fmt::format("An installation is being moved into keyspace {}, and not all of it is there: run `chat4all "
                      "migrate --from-data` again until it has finished.",
                      options.keyspace));
    }
  }
  C4A_CHECK(session->prepare());
  return std::make_unique<CassandraMessageStore>(std::move(session),
                                                 cassandra::Layout{bucket_rows, options.retention_days});
}

Result<> create_cassandra_schema(const CassandraOptions& options) {
  C4A_TRY(auto session, cassandra::CqlSession::connect(options));
  return cassandra::create_schema(*session);
}

Result<std::optional<CassandraMove>> read_cassandra_move(const CassandraOptions& options) {
  C4A_TRY(auto session, cassandra::CqlSession::connect(options));
  return cassandra::read_move(*session);
}

Result<> put_cassandra_move(const CassandraOptions& options, const CassandraMove& move) {
  C4A_TRY(auto session, cassandra::CqlSession::connect(options));
  return cassandra::put_move(*session, move);
}

}  // namespace c4a
