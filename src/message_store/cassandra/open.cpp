#include "message_store/cassandra/open.h"

#include <fmt/format.h>

#include "message_store/cassandra/cassandra_message_store.h"
#include "message_store/cassandra/cassandra_schema.h"

namespace c4a {

Result<std::unique_ptr<BulkMessageStore>> open_cassandra_message_store(const CassandraOptions& options) {
  C4A_TRY(auto session, cassandra::CqlSession::connect(options));
  C4A_TRY(const auto schema, cassandra::check_schema(*session));
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
  return std::make_unique<CassandraMessageStore>(
      std::move(session), cassandra::Layout{schema.bucket_rows, options.retention_days}, schema.installation);
}

namespace {

const CassandraMessageStore& as_cassandra(const MessageStore& opened) {
  return static_cast<const CassandraMessageStore&>(opened);
}

}  // namespace

Uuid cassandra_installation(const MessageStore& opened) { return as_cassandra(opened).installation(); }

const CassandraCounters& cassandra_counters(const MessageStore& opened) {
  return as_cassandra(opened).session().counters();
}

Result<std::optional<std::string>> cassandra_log_cluster(const MessageStore& opened, const std::string& topic) {
  return cassandra::log_cluster(as_cassandra(opened).session(), topic);
}

Result<> remember_cassandra_log(const MessageStore& opened, const std::string& topic, const std::string& cluster) {
  return cassandra::remember_log(as_cassandra(opened).session(), topic, cluster);
}

Result<Uuid> create_cassandra_schema(const CassandraOptions& options) {
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
