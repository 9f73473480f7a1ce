#include "metadata_store/postgres/postgres_errors.h"

#include <gtest/gtest.h>

namespace c4a {
namespace {

TEST(PostgresErrorsTest, OnlyWhatDidNothingRunsAgain) {
  EXPECT_EQ(postgres_trouble("40001"), PostgresTrouble::kConflict);
  EXPECT_EQ(postgres_trouble("40P01"), PostgresTrouble::kConflict);
  EXPECT_EQ(postgres_trouble("40003"), PostgresTrouble::kUnknown);
  EXPECT_EQ(postgres_trouble("57P01"), PostgresTrouble::kLost);
  EXPECT_EQ(postgres_trouble("08006"), PostgresTrouble::kLost);
  EXPECT_EQ(postgres_trouble("57014"), PostgresTrouble::kFailed);
  EXPECT_EQ(postgres_trouble("25006"), PostgresTrouble::kStale);
  EXPECT_EQ(postgres_trouble("26000"), PostgresTrouble::kStale);
  EXPECT_EQ(postgres_trouble("99999"), PostgresTrouble::kFailed);
}

TEST(PostgresErrorsTest, EachStateHasACodeAndASentence) {
  EXPECT_EQ(postgres_error("23505", "duplicate key", "create_key").code, ErrorCode::kConflict);
  EXPECT_EQ(postgres_error("40003", "result is ambiguous", "commit").code, ErrorCode::kUnavailable);
  EXPECT_EQ(postgres_error("57014", "canceling statement", "read_user").code, ErrorCode::kUnavailable);
  EXPECT_EQ(postgres_error("XX001", "invalid page", "read_user").code, ErrorCode::kCorrupt);
  EXPECT_EQ(
      postgres_error("42P01", "relation \"users\" does not exist", "read_user").detail,
      "PostgreSQL cannot run read_user: relation \"users\" does not exist (SQLSTATE 42P01); a table is missing, run "
      "`chat4all migrate`.");
}

TEST(PostgresErrorsTest, TheStateAndTheReasonAreReadFromTheLastAttempt) {
  const auto failure = read_connect_failure(
      "connection to server at \"db\" (10.0.0.1), port 5432 failed: FATAL:  28000: no encryption\nLOCATION:  a, b.c:1\n"
      "connection to server at \"db\" (10.0.0.1), port 5432 failed: FATAL:  28P01: password authentication failed for "
      "user \"chat\"\nLOCATION:  auth_failed, auth.c:326\n");
  EXPECT_EQ(failure.sqlstate, "28P01");
  EXPECT_EQ(failure.reason, "password authentication failed for user \"chat\"");
  const auto unreachable = read_connect_failure(
      "connection to server at \"127.0.0.1\", port 1 failed: Connection refused\n\tIs the server running on that host "
      "and accepting TCP/IP connections?\n");
  EXPECT_EQ(unreachable.sqlstate, "");
  EXPECT_EQ(unreachable.reason, "Connection refused");
}

TEST(PostgresErrorsTest, WhatStopsAConnectionSaysWhatToDo) {
  const auto target = PostgresTarget::parse("host=db dbname=chat password=hunter2").value();
  const auto sentence = [&](std::string_view message) {
    const Error error = postgres_connect_error(target, "db:5432", message, false);
    EXPECT_EQ(error.code, ErrorCode::kUnavailable);
    EXPECT_EQ(error.detail.find("hunter2"), std::string::npos);
    return error.detail;
  };
  EXPECT_EQ(sentence("x failed: FATAL:  28P01: password \"hunter2\" is wrong\n"),
            "PostgreSQL at db:5432 cannot be used: password \"***\" is wrong; correct user and password in the "
            "connection string.");
  EXPECT_NE(sentence("x failed: FATAL:  3D000: database \"chat\" does not exist").find("CREATE DATABASE chat"),
            std::string::npos);
  EXPECT_NE(sentence("x failed: FATAL:  28000: no pg_hba.conf entry for host \"h\", no encryption").find("sslmode"),
            std::string::npos);
  EXPECT_NE(sentence("x failed: server does not support SSL, but SSL was required").find("ssl = on"),
            std::string::npos);
  EXPECT_NE(sentence("x failed: SSL error: certificate verify failed").find("sslrootcert"), std::string::npos);
  EXPECT_NE(sentence("x failed: session is read-only").find("primary"), std::string::npos);
  EXPECT_NE(sentence("x failed: Connection refused").find("start it"), std::string::npos);
}

}  // namespace
}  // namespace c4a
