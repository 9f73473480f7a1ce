#pragma once

// The server of the live tests: CHAT4ALL_TEST_POSTGRES names it, as a connection string of a user who may create
// schemas.

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <string>

#include "base/uuid.h"
#include "metadata_store/postgres/postgres_metadata_store.h"

namespace c4a {

inline std::string live_connection_string() {
  const char* text = std::getenv("CHAT4ALL_TEST_POSTGRES");
  return text == nullptr ? "" : text;
}

// Skips every test of a program, aloud, where there is no server.
class PostgresLiveEnvironment : public ::testing::Environment {
 public:
  void SetUp() override {
    if (!live_connection_string().empty()) return;
    std::cout
        << "SKIPPED: set CHAT4ALL_TEST_POSTGRES to the connection string of a PostgreSQL 15 to run these tests.\n";
    GTEST_SKIP() << "CHAT4ALL_TEST_POSTGRES is not set.";
  }
};

// `text` with some of its parameters replaced.
inline std::string with_parameters(const std::string& text, const std::map<std::string, std::string>& replaced) {
  std::map<std::string, std::string> parameters = replaced;
  PQconninfoOption* const options = PQconninfoParse(text.c_str(), nullptr);
  for (auto* option = options; option != nullptr && option->keyword != nullptr; ++option) {
    if (option->val != nullptr) parameters.try_emplace(option->keyword, option->val);
  }
  PQconninfoFree(options);
  std::string joined;
  for (const auto& [name, value] : parameters) {
    joined += name + "='";
    for (const char c : value) {
      if (c == '\'' || c == '\\') joined += '\\';
      joined += c;
    }
    joined += "' ";
  }
  return joined;
}

// A plain connection, for what a test does behind the store's back.
class AdminConnection {
 public:
  AdminConnection() : handle_(PQconnectdb(live_connection_string().c_str()), &PQfinish) {
    EXPECT_EQ(PQstatus(handle_.get()), CONNECTION_OK) << PQerrorMessage(handle_.get());
    PQsetNoticeProcessor(handle_.get(), [](void*, const char*) {}, nullptr);
  }
  // The first column of the first row, or nothing.
  std::string run(const std::string& sql) {
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(handle_.get(), sql.c_str()), &PQclear);
    const auto status = PQresultStatus(result.get());
    EXPECT_TRUE(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) << PQerrorMessage(handle_.get());
    return PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
  }
  bool is_superuser() { return run("SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == "t"; }

 private:
  std::unique_ptr<PGconn, decltype(&PQfinish)> handle_;
};

// A schema for one test, dropped with the object.
class LiveSchema {
 public:
  LiveSchema() { admin.run("CREATE SCHEMA " + name); }
  ~LiveSchema() { admin.run("DROP SCHEMA " + name + " CASCADE"); }
  LiveSchema(const LiveSchema&) = delete;
  LiveSchema& operator=(const LiveSchema&) = delete;

  PostgresMetadataStoreOptions options(const std::string& more_settings = "") const {
    PostgresMetadataStoreOptions options;
    options.connection_string = with_parameters(
        live_connection_string(), {{"options", "-c search_path=" + name + more_settings}, {"application_name", name}});
    options.call_deadline = std::chrono::seconds(30);  // sanitizers, on a busy machine
    options.connect_timeout = std::chrono::seconds(30);
    options.connection_wait = std::chrono::seconds(30);
    return options;
  }
  // Ends every connection of the stores of this schema, and waits for that; the stores notice when they look.
  void kill_connections() {
    admin.run("SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE application_name = '" + name +
              "'");
  }

  const std::string name = "c4a_test_" + Uuid::v7(system_clock().now_ms()).str().substr(24);
  AdminConnection admin;
};

inline std::unique_ptr<PostgresMetadataStore> open_migrated(const PostgresMetadataStoreOptions& options) {
  auto store = PostgresMetadataStore::open(options);
  EXPECT_TRUE(store) << store.error().detail;
  if (!store) std::abort();
  const auto migrated = (*store)->migrate();
  EXPECT_TRUE(migrated) << migrated.error().detail;
  return std::move(*store);
}

}  // namespace c4a
