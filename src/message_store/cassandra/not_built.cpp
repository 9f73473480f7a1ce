// What open.h promises of a build without the Cassandra driver.

#include "message_store/cassandra/open.h"

namespace c4a {
namespace {

std::unexpected<Error> not_built() {
  return fail(ErrorCode::kNotImplemented,
              "This chat4all was built without Cassandra: configure it with -DC4A_CASSANDRA=ON (it needs cargo, see "
              "scripts/install-packages --cassandra) and build again.");
}

}  // namespace

Result<std::unique_ptr<BulkMessageStore>> open_cassandra_message_store(const CassandraOptions&) { return not_built(); }
Uuid cassandra_installation(const MessageStore&) { return {}; }
const CassandraCounters& cassandra_counters(const MessageStore&) {
  static const CassandraCounters none;
  return none;
}
Result<std::optional<std::string>> cassandra_log_cluster(const MessageStore&, const std::string&) {
  return not_built();
}
Result<> remember_cassandra_log(const MessageStore&, const std::string&, const std::string&) { return not_built(); }
Result<Uuid> create_cassandra_schema(const CassandraOptions&) { return not_built(); }
Result<std::optional<CassandraMove>> read_cassandra_move(const CassandraOptions&) { return not_built(); }
Result<> put_cassandra_move(const CassandraOptions&, const CassandraMove&) { return not_built(); }

}  // namespace c4a
