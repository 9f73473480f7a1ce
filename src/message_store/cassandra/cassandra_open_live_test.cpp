// What an operator is told when a store cannot be opened.

#include <gmock/gmock.h>

#include "message_store/cassandra/cassandra_test_cluster.h"

namespace c4a {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class CassandraOpenTest : public testing::Test {
 protected:
  static void query(const std::string& cql) { ASSERT_EQ(test::why(test::CassandraCluster::get().query(cql)), ""); }
  static CassandraOptions options_of(const std::string& keyspace) {
    CassandraOptions options = test::CassandraCluster::options();
    options.keyspace = keyspace;
    return options;
  }
  static Error error_of(const CassandraOptions& options) {
    auto opened = open_cassandra_message_store(options);
    EXPECT_FALSE(opened);
    return opened ? Error{} : opened.error();
  }
};

TEST_F(CassandraOpenTest, AnUnreachableHostIsNamed) {
  CassandraOptions options = options_of("c4a_test_none");
  options.hosts = "127.0.0.1:1";
  const Error error = error_of(options);
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_THAT(error.detail, StartsWith("No Cassandra node answers at 127.0.0.1:1: check that it runs"));
}

TEST_F(CassandraOpenTest, AnUnknownKeyspaceIsToBeMigrated) {
  const Error error = error_of(options_of("c4a_test_none"));
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_EQ(error.detail, "Keyspace c4a_test_none does not exist: run `chat4all migrate` once.");
}

TEST_F(CassandraOpenTest, ANameThatIsNoneIsRefused) {
  EXPECT_EQ(error_of(options_of("chat; DROP")).code, ErrorCode::kBadRequest);
}

TEST_F(CassandraOpenTest, AKeyspaceWithoutTablesIsToBeMigrated) {
  const std::string keyspace = test::CassandraCluster::get().new_keyspace();
  query(
      fmt::format("CREATE KEYSPACE {} WITH replication = {{'class': 'NetworkTopologyStrategy', "
                  "'replication_factor': 3}}",
                  keyspace));
  const Error error = error_of(options_of(keyspace));
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_THAT(error.detail, HasSubstr("has no tables of Chat4All: run `chat4all migrate` once."));
}

TEST_F(CassandraOpenTest, AnInstallationKeepsItsIdAndItsLog) {
  CassandraOptions options = options_of(test::CassandraCluster::get().new_keyspace());
  const auto made = create_cassandra_schema(options);
  ASSERT_EQ(test::why(made), "");
  EXPECT_EQ(create_cassandra_schema(options).value(), *made);
  const auto opened = open_cassandra_message_store(options);
  ASSERT_EQ(test::why(opened), "");
  EXPECT_EQ(cassandra_installation(**opened), *made);
  EXPECT_NE(*made, Uuid{});

  EXPECT_EQ(cassandra_log_cluster(**opened, "chat_messages").value(), std::nullopt);
  ASSERT_EQ(test::why(remember_cassandra_log(**opened, "chat_messages", "one")), "");
  EXPECT_EQ(cassandra_log_cluster(**opened, "chat_messages").value(), "one");
  EXPECT_EQ(cassandra_log_cluster(**opened, "other_chat_messages").value(), std::nullopt);
}

TEST_F(CassandraOpenTest, ReplicationAndSchemaVersionAreChecked) {
  CassandraOptions options = options_of(test::CassandraCluster::get().new_keyspace());
  options.replication = 1;
  ASSERT_EQ(test::why(create_cassandra_schema(options)), "");

  Error error = error_of(options);
  EXPECT_EQ(error.code, ErrorCode::kConflict);
  EXPECT_THAT(error.detail, HasSubstr("keeps 1 copies, 3 are asked for: ALTER KEYSPACE and repair"));
  options.min_replication = 1;
  EXPECT_EQ(test::why(open_cassandra_message_store(options)), "");

  const std::string put =
      fmt::format("INSERT INTO {}.schema_version (id, version, bucket_rows) VALUES (1, {{}}, 4)", options.keyspace);
  query(fmt::format(fmt::runtime(put), 2));
  error = error_of(options);
  EXPECT_EQ(error.code, ErrorCode::kConflict);
  EXPECT_THAT(error.detail, HasSubstr("has schema 2, this chat4all knows 1: start the newer chat4all"));
  EXPECT_EQ(create_cassandra_schema(options).error().code, ErrorCode::kConflict);

  query(fmt::format(fmt::runtime(put), 0));
  error = error_of(options);
  EXPECT_EQ(error.code, ErrorCode::kConflict);
  EXPECT_THAT(error.detail, HasSubstr("has the older schema 0, 1 is needed: run `chat4all migrate`."));
  EXPECT_EQ(test::why(create_cassandra_schema(options)), "");
  EXPECT_EQ(test::why(open_cassandra_message_store(options)), "");
}

}  // namespace
}  // namespace c4a
