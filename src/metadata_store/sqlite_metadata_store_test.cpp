#include "metadata_store/sqlite_metadata_store.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <fstream>
#include <thread>

#include "metadata_store/sqlite_database.h"
#include "metadata_store/temporary_folder.h"

namespace c4a {
namespace {

class SqliteMetadataStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<SqliteMetadataStore> open() {
    auto store = SqliteMetadataStore::open(path_);
    EXPECT_TRUE(store) << store.error().detail;
    EXPECT_TRUE((*store)->migrate());
    return *std::move(store);
  }
  // From outside, as another program would.
  void execute(const char* sql) {
    sqlite3* other = nullptr;
    ASSERT_EQ(sqlite3_open(path_.c_str(), &other), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(other, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(other);
    sqlite3_close(other);
  }
  static UserRecord user_named(const std::string& user_id) { return {UserId{user_id}, {}, "{}", {}, 1}; }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("metadata.sqlite");
};

TEST_F(SqliteMetadataStoreTest, EverythingIsThereAfterReopening) {
  const SigningKeyRecord key{"kid", std::string(32, '\1'), 5};
  const AuditEntry entry{Uuid::v7(1), 1, "a", "b", "c", "d", R"({"x":1})"};
  {
    auto store = open();
    ASSERT_TRUE(store->create_user(user_named("ann")));
    ASSERT_TRUE(store->create_user(user_named("bob")));
    ASSERT_TRUE(store->begin_user_deletion(UserId{"bob"}, 2));
    ASSERT_TRUE(store->add_signing_key(key));
    ASSERT_TRUE(store->append_audit(entry));
  }
  auto store = open();
  EXPECT_EQ(*store->user(UserId{"ann"}), user_named("ann"));
  EXPECT_EQ(*store->users_being_deleted(), std::vector{UserId{"bob"}});
  EXPECT_EQ(*store->signing_keys(), std::vector{key});
  EXPECT_EQ(store->audit({}, 10)->items, std::vector{entry});
}

TEST_F(SqliteMetadataStoreTest, ADatabaseOfANewerVersionIsRefused) {
  open();
  execute("UPDATE schema_version SET version = 99");
  const auto refused = SqliteMetadataStore::open(path_);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail.find("was written by a newer version (schema 99"), std::string::npos)
      << refused.error().detail;
}

TEST_F(SqliteMetadataStoreTest, AFileThatIsNoDatabaseIsCorruptAndNamed) {
  std::ofstream(path_) << std::string(8192, 'x');
  const auto refused = SqliteMetadataStore::open(path_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(refused.error().detail.find(path_), std::string::npos);
}

TEST_F(SqliteMetadataStoreTest, AMissingFolderIsUnavailable) {
  const auto refused = SqliteMetadataStore::open(folder_.file("missing/metadata.sqlite"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
}

TEST_F(SqliteMetadataStoreTest, TheAuditTrailCannotBeChangedFromOutsideEither) {
  auto store = open();
  ASSERT_TRUE(store->append_audit({Uuid::v7(1), 1, "a", "b", "c", "d", "{}"}));
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &other), SQLITE_OK);
  EXPECT_NE(sqlite3_exec(other, "DELETE FROM audit_entries", nullptr, nullptr, nullptr), SQLITE_OK);
  EXPECT_NE(sqlite3_exec(other, "UPDATE audit_entries SET actor = 'x'", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(other);
}

TEST_F(SqliteMetadataStoreTest, TwoProcessesWorthOfStoresShareOneFile) {
  auto server = open();
  auto tool = open();
  std::jthread first([&] {
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(server->create_user(user_named("s" + std::to_string(i))));
  });
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(tool->create_user(user_named("t" + std::to_string(i))));
  first.join();
  tool.reset();
  EXPECT_TRUE(server->user(UserId{"t99"}));
  EXPECT_TRUE(server->check());
}

TEST_F(SqliteMetadataStoreTest, MigratingTwiceChangesNothing) {
  auto store = open();
  ASSERT_TRUE(store->create_user(user_named("ann")));
  EXPECT_TRUE(store->migrate());
  EXPECT_TRUE(store->user(UserId{"ann"}));
}

TEST_F(SqliteMetadataStoreTest, ADatabaseOfTheFirstSchemaIsBroughtUpToDate) {
  ASSERT_TRUE(open()->create_user(user_named("ann")));
  execute("DROP TABLE undecided_sends; UPDATE schema_version SET version = 1");
  auto store = open();
  EXPECT_TRUE(store->user(UserId{"ann"}));
  UndecidedSend send;
  send.expires_at = 1;
  EXPECT_TRUE(store->note_undecided(send)->first);
  EXPECT_FALSE(store->note_undecided(send)->first);
}

class SqliteDatabaseTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(database_->write([](SqliteConnection& c) { return c.script("CREATE TABLE t (n INTEGER)"); }));
  }
  std::int64_t count() {
    return database_
        ->read([](SqliteConnection& connection) -> Result<std::int64_t> {
          C4A_TRY(SqliteRows rows, connection.query("SELECT count(*) FROM t"));
          C4A_TRY(const bool found, rows.next());
          return found ? rows.integer(0) : -1;
        })
        .value();
  }

  TemporaryFolder folder_;
  std::unique_ptr<SqliteDatabase> database_ = SqliteDatabase::open(folder_.file("t.sqlite")).value();
};

TEST_F(SqliteDatabaseTest, AFailedWriteUndoesItselfAndNotTheOthersOfItsCommit) {
  std::vector<std::jthread> writers;
  for (int i = 0; i < 8; ++i) {
    writers.emplace_back([&, i] {
      for (int round = 0; round < 25; ++round) {
        const auto written = database_->write([&](SqliteConnection& connection) -> Result<> {
          C4A_CHECK(connection.run("INSERT INTO t (n) VALUES (?)", {round}));
          if (i % 2 == 1) return fail(ErrorCode::kForbidden);
          return {};
        });
        EXPECT_EQ(written.has_value(), i % 2 == 0);
        if (!written) EXPECT_EQ(written.error().code, ErrorCode::kForbidden);
      }
    });
  }
  writers.clear();
  EXPECT_EQ(count(), 4 * 25);
}

TEST_F(SqliteDatabaseTest, AFullDiskIsUnavailableAndTheDatabaseGoesOnAfterwards) {
  ASSERT_TRUE(database_->write([](SqliteConnection& c) { return c.script("PRAGMA max_page_count = 5"); }));
  const auto written = database_->write([](SqliteConnection& connection) -> Result<> {
    for (int i = 0; i < 100; ++i) {
      C4A_CHECK(connection.run("INSERT INTO t (n) VALUES (?)", {std::string(1000, 'x')}));
    }
    return {};
  });
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(written.error().detail.find("free some space"), std::string::npos) << written.error().detail;
  EXPECT_EQ(count(), 0);
  EXPECT_TRUE(database_->write([](SqliteConnection& c) { return c.run("INSERT INTO t (n) VALUES (1)"); }));
  EXPECT_EQ(count(), 1);
}

TEST_F(SqliteDatabaseTest, AReaderCannotWrite) {
  const auto written = database_->read([](SqliteConnection& c) { return c.run("INSERT INTO t (n) VALUES (1)"); });
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace c4a
