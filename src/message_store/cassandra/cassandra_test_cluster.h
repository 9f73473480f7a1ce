#pragma once

// The cluster that live tests use: CHAT4ALL_TEST_CASSANDRA names it (host:port, comma-separated). Each run makes
// keyspaces of its own and drops them.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "message_store/cassandra/cql_session.h"
#include "message_store/cassandra/open.h"

namespace c4a::test {

// The sentence of what failed, empty if nothing did.
template <class Value>
std::string why(const Result<Value>& result) {
  return result ? std::string() : result.error().detail;
}

class CassandraCluster : public testing::Environment {
 public:
  static CassandraCluster& get() {
    static auto* cluster = new CassandraCluster;  // gtest deletes it
    return *cluster;
  }

  void SetUp() override {
    if (options().hosts.empty()) GTEST_SKIP() << "CHAT4ALL_TEST_CASSANDRA is not set (host:port, comma-separated)";
  }
  void TearDown() override {
    for (const std::string& keyspace : keyspaces_) {
      EXPECT_EQ(why(query("DROP KEYSPACE IF EXISTS " + keyspace)), "");
    }
    session_.reset();
  }

  static CassandraOptions options() {
    CassandraOptions options;
    const char* hosts = std::getenv("CHAT4ALL_TEST_CASSANDRA");
    if (hosts != nullptr) options.hosts = hosts;
    return options;
  }

  // Of this run alone; goes when the run ends.
  std::string new_keyspace() {
    static const auto run = std::chrono::system_clock::now().time_since_epoch().count() / 1'000'000 % 1'000'000'000;
    keyspaces_.push_back(fmt::format("c4a_test_{}_{}_{}", run, getpid(), keyspaces_.size()));
    return keyspaces_.back();
  }

  Result<cassandra::RowSet> query(const std::string& cql) {
    if (!session_) {
      C4A_TRY(session_, cassandra::CqlSession::connect(options()));
    }
    return session_->query(cql, std::chrono::seconds(60));
  }

  void truncate(const std::string& keyspace) {
    auto tables =
        query(fmt::format("SELECT table_name FROM system_schema.tables WHERE keyspace_name = '{}'", keyspace));
    ASSERT_EQ(why(tables), "");
    std::vector<std::jthread> threads;
    for (std::uint32_t i = 0; i < tables->size(); ++i) {
      const std::string table(tables->bytes());
      if (table == "schema_version" || table == "installation") continue;  // what makes it a keyspace of ours
      threads.emplace_back(
          [this, cql = fmt::format("TRUNCATE {}.{}", keyspace, table)] { EXPECT_EQ(why(query(cql)), ""); });
    }
  }

 private:
  std::unique_ptr<cassandra::CqlSession> session_;
  std::vector<std::string> keyspaces_;
};

// A keyspace with an open store. Made once a run for each number of rows in a bucket, and emptied for each test.
template <std::int64_t kBucketRows>
class CassandraHarness {
 public:
  CassandraHarness() {
    if (CassandraCluster::options().hosts.empty()) return;  // every test is skipped
    Shared& shared = this->shared();
    if (shared.store == nullptr) {
      shared.options = CassandraCluster::options();
      shared.options.keyspace = CassandraCluster::get().new_keyspace();
      shared.options.bucket_rows = kBucketRows;
      EXPECT_EQ(why(create_cassandra_schema(shared.options)), "");
    } else {
      shared.store.reset();  // its cutoff and its position
      CassandraCluster::get().truncate(shared.options.keyspace);
    }
    auto opened = open_cassandra_message_store(shared.options);
    EXPECT_EQ(why(opened), "");
    if (opened) shared.store = std::move(*opened);
  }

  MessageStore& store() { return *shared().store; }
  const CassandraOptions& options() { return shared().options; }

 private:
  struct Shared {
    CassandraOptions options;
    std::unique_ptr<MessageStore> store;
  };
  static Shared& shared() {
    static Shared shared;
    return shared;
  }
};

}  // namespace c4a::test
