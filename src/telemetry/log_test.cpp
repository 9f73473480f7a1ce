#include "telemetry/log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "base/json_reader.h"
#include "telemetry/log_line.h"
#include "telemetry/metrics.h"

namespace c4a {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr TimestampMs kNoon = 1'795'348'800'123;  // 2026-11-22T12:00:00.123Z

std::string json_line(std::string_view message, LogFields fields = {}) {
  std::string out;
  append_json_line(out, {kNoon, LogLevel::kInfo, "chat4all", message, {fields.begin(), fields.size()}});
  return out;
}

std::string text_line(std::string_view message, LogFields fields = {}) {
  std::string out;
  append_text_line(out, {kNoon, LogLevel::kWarn, "chat4all", message, {fields.begin(), fields.size()}});
  return out;
}

TEST(LogLineTest, JsonHoldsTheFixedMembersAndThenTheFieldsInOrder) {
  EXPECT_EQ(json_line("server started", {{"address", "127.0.0.1"}, {"port", 8080}}),
            R"({"timestamp":"2026-11-22T12:00:00.123Z","level":"info","service":"chat4all",)"
            R"("message":"server started","address":"127.0.0.1","port":8080})"
            "\n");
}

TEST(LogLineTest, EveryKindOfValueIsWrittenAsItsJsonKind) {
  const auto id = *Uuid::parse("018F0000-0000-7000-8000-000000000001");
  const std::array<std::uint8_t, 2> bytes = {0xAB, 0x01};
  const std::string text = "owned";
  EXPECT_THAT(json_line("m", {{"a", true},
                              {"b", -1},
                              {"c", ~std::uint64_t{0}},
                              {"d", 0.25},
                              {"e", text},
                              {"f", id},
                              {"g", bytes},
                              {"h", std::nan("")},
                              {"i", std::size_t{7}}}),
              EndsWith(R"(,"a":true,"b":-1,"c":18446744073709551615,"d":0.25,"e":"owned",)"
                       R"("f":"018f0000-0000-7000-8000-000000000001","g":"ab01","h":null,"i":7})"
                       "\n"));
}

TEST(LogLineTest, BytesThatAreNotUtf8AreReplacedSoThatTheLineStaysJson) {
  const std::string line = json_line("m", {{"path", "a\xFF\xC3\xA9\xE2\x82z"}});
  EXPECT_THAT(line, HasSubstr("\"a\xEF\xBF\xBD\xC3\xA9\xEF\xBF\xBD\xEF\xBF\xBDz\""));
  EXPECT_TRUE(parse_json_object(line));
}

TEST(LogLineTest, LongTextIsCutBetweenCharacters) {
  // One byte, then two-byte characters: the limit falls inside of one.
  std::string text = "x";
  for (std::size_t i = 0; i < kMaxLogTextBytes; ++i) text += "é";
  const std::string line = json_line("m", {{"text", text}});
  EXPECT_LT(line.size(), kMaxLogTextBytes + 200);
  EXPECT_THAT(line, EndsWith("é…\"}\n"));
  EXPECT_TRUE(parse_json_object(line));
}

TEST(LogLineTest, ALineBreakInATextCannotForgeALine) {
  for (const std::string& line : {json_line("a\nb", {{"c", "d\r\ne"}}), text_line("a\nb", {{"c", "d\r\ne"}})}) {
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    EXPECT_THAT(line, HasSubstr(R"(a\nb)"));
    EXPECT_THAT(line, HasSubstr(R"("d\r\ne")"));
  }
}

TEST(LogLineTest, TextIsShortAndQuotesWhatIsNoWord) {
  EXPECT_EQ(text_line("server started", {{"address", "127.0.0.1:8080"}, {"why", "two words"}, {"none", ""}, {"n", 3}}),
            "12:00:00.123 warn  server started  address=127.0.0.1:8080  why=\"two words\"  none=\"\"  n=3\n");
}

TEST(LogNamesTest, OnlyTheDocumentedNamesAreRead) {
  EXPECT_EQ(parse_log_level("warn"), LogLevel::kWarn);
  EXPECT_EQ(parse_log_level("WARN"), std::nullopt);
  EXPECT_EQ(parse_log_format("json"), LogFormat::kJson);
  EXPECT_EQ(parse_log_format(""), std::nullopt);
}

// The log writes into a file in memory.
class LogTest : public testing::Test {
 protected:
  void SetUp() override { configure(LogLevel::kInfo); }
  void TearDown() override {
    configure_log({});
    close(fd_);
  }

  void configure(LogLevel level) { configure_log({level, LogFormat::kAuto, "test", fd_}); }

  std::vector<std::string> lines() {
    std::string text(static_cast<std::size_t>(lseek(fd_, 0, SEEK_END)), '\0');
    EXPECT_EQ(pread(fd_, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    std::istringstream stream(text);
    std::vector<std::string> out;
    for (std::string line; std::getline(stream, line);) out.push_back(line);
    return out;
  }

  int fd_ = memfd_create("log", MFD_CLOEXEC);
};

TEST_F(LogTest, WhatIsNoTerminalGetsJson) {
  log_warn("disk is nearly full", {{"free_bytes", 10}});
  const auto written = lines();
  ASSERT_EQ(written.size(), 1U);
  EXPECT_THAT(written[0], StartsWith(R"({"timestamp":")"));
  EXPECT_THAT(written[0],
              EndsWith(R"("level":"warn","service":"test","message":"disk is nearly full","free_bytes":10})"));
}

TEST_F(LogTest, LevelsBelowTheLowestAreNotWritten) {
  log_debug("one");
  log_info("two");
  configure(LogLevel::kError);
  log_warn("three");
  log_error("four");
  configure(LogLevel::kDebug);
  log_debug("five");
  const auto written = lines();
  ASSERT_EQ(written.size(), 3U);
  EXPECT_THAT(written[0], HasSubstr("two"));
  EXPECT_THAT(written[1], HasSubstr("four"));
  EXPECT_THAT(written[2], HasSubstr("five"));
}

TEST_F(LogTest, LinesOfManyThreadsStayWhole) {
  ASSERT_EQ(fcntl(fd_, F_SETFL, O_APPEND), 0);
  constexpr int kThreads = 4;
  constexpr int kLines = 200;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < kLines; ++i) log_info("line", {{"thread", t}, {"padding", std::string(300, 'x')}});
    });
  }
  for (auto& thread : threads) thread.join();
  const auto written = lines();
  EXPECT_EQ(written.size(), static_cast<std::size_t>(kThreads * kLines));
  for (const auto& line : written) EXPECT_TRUE(parse_json_object(line)) << line;
}

TEST_F(LogTest, ALineThatCannotBeWrittenIsCountedAndForgotten) {
  Counter& dropped = counter("log_lines_dropped_total", "Log lines that could not be written to the log's output.");
  const auto before = dropped.value();
  const int read_only = open("/dev/null", O_RDONLY | O_CLOEXEC);
  configure_log({LogLevel::kInfo, LogFormat::kJson, "test", read_only});
  log_error("nobody reads this");
  configure(LogLevel::kInfo);
  close(read_only);
  EXPECT_EQ(dropped.value(), before + 1);
}

}  // namespace
}  // namespace c4a
