#include "app/config_print.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace c4a {
namespace {

using testing::HasSubstr;
using testing::Not;

LoadedConfig load(std::vector<EnvironmentVariable> environment) {
  ConfigInput input;
  input.default_file = "/nonexistent/chat4all.toml";
  input.environment = std::move(environment);
  auto loaded = load_config(input);
  EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error().detail);
  return loaded.value_or(LoadedConfig{});
}

TEST(ConfigPrintTest, WhatIsPrintedReadsBackAsTheSameConfiguration) {
  const auto loaded = load({{"CHAT4ALL_SERVER__DATA", "a \"quoted\\path\" é"},
                            {"CHAT4ALL_SERVER__ALLOWED_ORIGINS", "https://a.example,https://b.example"},
                            {"CHAT4ALL_LOG__LEVEL", "error"},
                            {"CHAT4ALL_AUTH__OPEN_REGISTRATION", "true"},
                            {"CHAT4ALL_MESSAGES__RETENTION_DAYS", "90"}});
  std::string path = testing::TempDir() + "/printed-XXXXXX";
  ASSERT_GE(mkstemp(path.data()), 0);
  std::ofstream(path) << print_config(loaded);
  ConfigInput input;
  input.file = path;
  const auto again = load_config(input);
  std::filesystem::remove(path);
  ASSERT_TRUE(again) << again.error().detail;
  EXPECT_EQ(again->config, loaded.config);
}

TEST(ConfigPrintTest, EveryValueSaysWhereItCameFrom) {
  const std::string text = print_config(load({{"CHAT4ALL_SERVER__THREADS", "2"}}));
  EXPECT_THAT(text, HasSubstr("[server]\n# Where HTTP and WebSocket listen"));
  EXPECT_THAT(text, HasSubstr("threads = 2  # from CHAT4ALL_SERVER__THREADS\n"));
  EXPECT_THAT(text, HasSubstr("worker_threads = 8  # default\n"));
  EXPECT_THAT(text, HasSubstr("[server.tls]\n"));
}

TEST(ConfigPrintTest, APasswordInsideAUrlIsMasked) {
  const std::string text = print_config(
      load({{"CHAT4ALL_AUTH__JWKS_URL", "https://me:secret@login.example/k"}, {"CHAT4ALL_AUTH__ISSUER", "login"}}));
  EXPECT_THAT(text, HasSubstr("https://me:***@login.example/k"));
  EXPECT_THAT(text, Not(HasSubstr("secret")));
}

TEST(ConfigReferenceTest, TheVersionedPageIsWhatTheTableGives) {
  std::ifstream file(C4A_SOURCE_DIR "/docs/reference/configuration.md");
  const std::string page(std::istreambuf_iterator<char>(file), {});
  EXPECT_TRUE(page == configuration_reference())
      << "Run: build/release/chat4all config reference > docs/reference/configuration.md";
}

}  // namespace
}  // namespace c4a
