#include "message_store/cassandra/open.h"

#include <fmt/format.h>

#include "message_store/cassandra/cassandra_message_store.h"
#include "message_store/cassandra/cassandra_schema.h"

namespace c4a {

Result<std::unique_ptr<MessageStore>> open_cassandra_message_store(const CassandraOptions& options) {
  C4A_TRY(auto session, cassandra::CqlSession::connect(options));
  C4A_TRY(const std::int64_t bucket_rows, cassandra::check_schema(*session));
  C4A_CHECK(session->prepare());
  return std::make_unique<CassandraMessageStore>(std::move(session),
                                                 cassandra::Layout{bucket_rows, options.retention_days});
}

Result<> create_cassandra_schema(const CassandraOptions& options) {
  C4A_TRY(auto session, cassandra::CqlSession::connect(options));
  return cassandra::create_schema(*session);
}

}  // namespace c4a
