// Starts that go wrong, and migrations that meet.

#include <thread>
#include <vector>

#include "metadata_store/postgres/postgres_live_server.h"

namespace c4a {
namespace {

class PostgresMigrationsTest : public ::testing::Test {
 protected:
  Error refusal_of(const PostgresMetadataStoreOptions& options) {
    const auto store = PostgresMetadataStore::open(options);
    EXPECT_FALSE(store);
    return store ? Error{} : store.error();
  }
  Error refusal_with(const std::map<std::string, std::string>& parameters) {
    return refusal_of({.connection_string = with_parameters(live_connection_string(), parameters)});
  }
  std::string tables() {
    return schema_.admin.run("SELECT count(*) FROM pg_tables WHERE schemaname = '" + schema_.name + "'");
  }

  LiveSchema schema_;
};

TEST_F(PostgresMigrationsTest, ManyWhoMigrateAtOnceAllSucceed) {
  {
    std::vector<std::jthread> processes;
    for (int i = 0; i < 8; ++i) processes.emplace_back([&] { open_migrated(schema_.options()); });
  }
  EXPECT_EQ(tables(), "9");
  EXPECT_EQ(schema_.admin.run("SELECT count(*) FROM " + schema_.name + ".schema_migrations"), "1");
  EXPECT_TRUE(open_migrated(schema_.options())->check());
}

TEST_F(PostgresMigrationsTest, AnInterruptedMigrationGoesOn) {
  open_migrated(schema_.options());
  schema_.admin.run("DELETE FROM " + schema_.name + ".schema_migrations");
  schema_.admin.run("DROP TABLE " + schema_.name + ".audit_entries");
  EXPECT_TRUE(open_migrated(schema_.options())->append_audit({Uuid::v7(1), 1, "a", "b", "c", "d", "{}"}));
}

TEST_F(PostgresMigrationsTest, ANewerSchemaIsRefused) {
  const auto old_program = open_migrated(schema_.options());
  schema_.admin.run("INSERT INTO " + schema_.name + ".schema_migrations VALUES (999, 0)");
  const Error error = refusal_of(schema_.options());
  EXPECT_EQ(error.code, ErrorCode::kConflict);
  EXPECT_EQ(error.detail,
            "The PostgreSQL database was migrated by a newer version (schema 999, this program knows 1); use that "
            "version, or restore a backup.");
  EXPECT_EQ(old_program->migrate().error().code, ErrorCode::kConflict);
}

TEST_F(PostgresMigrationsTest, WithoutMigrationACallSaysWhatToRun) {
  const auto store = PostgresMetadataStore::open(schema_.options()).value();
  const auto user = store->user(UserId{"ann"});
  ASSERT_FALSE(user);
  EXPECT_EQ(user.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(user.error().detail.find("chat4all migrate"), std::string::npos) << user.error().detail;
  EXPECT_FALSE(store->check());
}

TEST_F(PostgresMigrationsTest, AWrongPasswordIsNamedAndNotRepeated) {
  const auto store = PostgresMetadataStore::open(
      {.connection_string = with_parameters(live_connection_string(), {{"password", "hunter2"}})});
  if (store) GTEST_SKIP() << "SKIPPED: this server trusts everybody.";
  EXPECT_EQ(store.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(store.error().detail.find("correct user and password"), std::string::npos) << store.error().detail;
  EXPECT_EQ(store.error().detail.find("hunter2"), std::string::npos);
}

TEST_F(PostgresMigrationsTest, AMissingDatabaseIsNamed) {
  const Error error = refusal_with({{"dbname", "c4a_no_such"}});
  EXPECT_NE(error.detail.find("CREATE DATABASE c4a_no_such"), std::string::npos) << error.detail;
}

TEST_F(PostgresMigrationsTest, AnUnreachableHostIsNamed) {
  const Error error = refusal_with({{"host", "127.0.0.1"}, {"hostaddr", "127.0.0.1"}, {"port", "1"}});
  EXPECT_NE(error.detail.find("127.0.0.1:1 cannot be used: Connection refused; start it"), std::string::npos)
      << error.detail;
}

TEST_F(PostgresMigrationsTest, ADeadHostIsPassedOverForALivingOne) {
  const std::string text = live_connection_string();
  PQconninfoOption* const parsed = PQconninfoParse(text.c_str(), nullptr);
  std::map<std::string, std::string> own;
  for (auto* option = parsed; option->keyword != nullptr; ++option) {
    if (option->val != nullptr) own[option->keyword] = option->val;
  }
  PQconninfoFree(parsed);
  auto options = schema_.options();
  options.connection_string =
      with_parameters(options.connection_string, {{"host", "127.0.0.1," + own["host"]},
                                                  {"port", "1," + (own.contains("port") ? own["port"] : "5432")},
                                                  {"target_session_attrs", "read-write"}});
  EXPECT_TRUE(open_migrated(options)->check());
}

TEST_F(PostgresMigrationsTest, AServerThatTakesNoWritesIsRefusedWhereWritesAreAskedFor) {
  const Error error =
      refusal_with({{"options", "-c default_transaction_read_only=on"}, {"target_session_attrs", "read-write"}});
  EXPECT_NE(error.detail.find("name the primary"), std::string::npos) << error.detail;
}

TEST_F(PostgresMigrationsTest, WithoutTargetSessionAttrsAReadOnlyServerIsNamedByTheFirstWrite) {
  open_migrated(schema_.options());
  const auto store = PostgresMetadataStore::open(schema_.options(" -c default_transaction_read_only=on")).value();
  const auto checked = store->check();
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(checked.error().detail.find("target_session_attrs=read-write"), std::string::npos);
}

TEST_F(PostgresMigrationsTest, TlsThatTheServerLacksIsNamed) {
  if (schema_.admin.run("SHOW ssl") == "on") GTEST_SKIP() << "SKIPPED: this server has TLS.";
  const Error error = refusal_with({{"sslmode", "require"}});
  EXPECT_NE(error.detail.find("ssl = on"), std::string::npos) << error.detail;
}

TEST_F(PostgresMigrationsTest, TlsIsCheckedAgainstTheAuthorityAndTheName) {
  const char* authority = std::getenv("CHAT4ALL_TEST_POSTGRES_CA");
  if (authority == nullptr) GTEST_SKIP() << "SKIPPED: CHAT4ALL_TEST_POSTGRES_CA names no certificate authority.";
  auto options = schema_.options();
  options.connection_string =
      with_parameters(options.connection_string, {{"sslmode", "verify-ca"}, {"sslrootcert", authority}});
  EXPECT_TRUE(open_migrated(options)->check());
  const std::unique_ptr<PGconn, decltype(&PQfinish)> plain(PQconnectdb(live_connection_string().c_str()), &PQfinish);
  const Error error = refusal_with({{"sslmode", "verify-full"},
                                    {"sslrootcert", authority},
                                    {"host", "another-name.invalid"},
                                    {"hostaddr", PQhostaddr(plain.get())}});
  EXPECT_NE(error.detail.find("or the server's certificate"), std::string::npos) << error.detail;
}

TEST_F(PostgresMigrationsTest, MissingRightsAreNamedAndWhereAllStandsNoneAreNeeded) {
  if (!schema_.admin.is_superuser()) GTEST_SKIP() << "SKIPPED: this user may not create roles.";
  const std::string role = schema_.name + "_role";
  schema_.admin.run("CREATE ROLE " + role + " LOGIN PASSWORD 'hunter2'");
  schema_.admin.run("GRANT USAGE ON SCHEMA " + schema_.name + " TO " + role);
  auto options = schema_.options();
  options.connection_string = with_parameters(options.connection_string, {{"user", role}, {"password", "hunter2"}});
  {
    const auto store = PostgresMetadataStore::open(options).value();
    const auto refused = store->migrate();
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().detail.find("CREATE on the schema"), std::string::npos) << refused.error().detail;
    open_migrated(schema_.options());
    schema_.admin.run("GRANT ALL ON ALL TABLES IN SCHEMA " + schema_.name + " TO " + role);
    EXPECT_TRUE(store->migrate());
    EXPECT_TRUE(store->check());
  }
  schema_.admin.run("DROP OWNED BY " + role);
  schema_.admin.run("DROP ROLE " + role);
}

}  // namespace
}  // namespace c4a
