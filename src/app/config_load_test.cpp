#include "app/config_load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace c4a {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

// Every test has a folder of its own with at most one file, c.toml.
class ConfigLoadTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/config-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    input_.default_file = path("absent.toml");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  void write(const std::string& text) {
    std::ofstream(path("c.toml"), std::ios::binary) << text;
    input_.file = path("c.toml");
  }

  Config loaded() const {
    auto result = load_config(input_);
    EXPECT_TRUE(result) << (result ? "" : result.error().detail);
    return result ? result->config : Config{};
  }

  // The sentence, with the folder taken off.
  std::string refusal() const {
    const auto result = load_config(input_);
    if (result) return "";
    const std::string prefix = folder_.string() + "/";
    const auto& detail = result.error().detail;
    return detail.starts_with(prefix) ? detail.substr(prefix.size()) : detail;
  }

  std::filesystem::path folder_;
  ConfigInput input_;
};

TEST_F(ConfigLoadTest, WithoutAnySourceTheDefaultsHold) { EXPECT_EQ(loaded(), Config()); }

TEST_F(ConfigLoadTest, AFileSetsEveryKindOfOption) {
  write(R"(
    [server]
    listen = "[::1]:9000"
    tls = { certificate = "c.pem", key = "k.pem" }
    allowed_origins = ["https://a.example", "http://localhost:3000"]
    [auth]
    open_registration = true
    [log]
    level = "debug"
    format = "json"
    [limits]
    body_bytes = 2_097_152
  )");
  const Config config = loaded();
  EXPECT_EQ(config.server.listen, "[::1]:9000");
  EXPECT_EQ(config.server.tls, (TlsSettings{"c.pem", "k.pem"}));
  EXPECT_THAT(config.server.allowed_origins, testing::ElementsAre("https://a.example", "http://localhost:3000"));
  EXPECT_TRUE(config.auth.open_registration);
  EXPECT_EQ(config.log.level, LogLevel::kDebug);
  EXPECT_EQ(config.log.format, LogFormat::kJson);
  EXPECT_EQ(config.limits.body_bytes, 2 << 20);
}

TEST_F(ConfigLoadTest, AFlagWinsOverTheEnvironmentAndThatOverTheFile) {
  write("[server]\nlisten = \"127.0.0.1:1\"\ndata = \"file\"\nthreads = 3\n");
  input_.environment = {{"CHAT4ALL_SERVER__LISTEN", "127.0.0.1:2"}, {"CHAT4ALL_SERVER__DATA", "environment"}};
  input_.flags = {{"server.listen", "--listen", "127.0.0.1:3"}};
  const auto result = load_config(input_);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->config.server.listen, "127.0.0.1:3");
  EXPECT_EQ(result->config.server.data, "environment");
  EXPECT_EQ(result->config.server.threads, 3);
  EXPECT_EQ(result->origins.at("server.listen"), "--listen");
  EXPECT_EQ(result->origins.at("server.data"), "CHAT4ALL_SERVER__DATA");
  EXPECT_THAT(result->origins.at("server.threads"), EndsWith("c.toml:4"));
}

TEST_F(ConfigLoadTest, TheDefaultFileIsReadWhereItExists) {
  std::ofstream(path("chat4all.toml")) << "[sessions]\nretention_days = 7\n";
  input_.default_file = path("chat4all.toml");
  EXPECT_EQ(loaded().sessions.retention_days, 7);
}

TEST_F(ConfigLoadTest, AFileThatWasNamedMustBeReadable) {
  input_.file = path("missing.toml");
  EXPECT_EQ(refusal(), "missing.toml: cannot be read: No such file or directory.");
  input_.file = folder_.string();
  EXPECT_THAT(refusal(), EndsWith(": this is a directory, not a file."));
}

TEST_F(ConfigLoadTest, AnUnknownKeyIsRefusedWithItsLineAndItsNeighbour) {
  write("[server]\nthreads = 1\n\n[limits]\nbody_byte = 5\n");
  EXPECT_EQ(refusal(), "c.toml:5: there is no option limits.body_byte; did you mean limits.body_bytes?");
  write("[quite]\ndifferent = 1\n");
  EXPECT_EQ(refusal(), "c.toml:1: there is no option quite (`chat4all config reference` lists them all).");
  write("[[channels.accounts]]\nname = \"x\"\n");
  EXPECT_THAT(refusal(), HasSubstr("c.toml:1: there is no option channels"));
}

TEST_F(ConfigLoadTest, ABadValueIsRefusedWithItsLineAndWhatIsAllowed) {
  write("[server]\n\nthreads = 1000\n");
  EXPECT_EQ(refusal(), "c.toml:3: server.threads must be 0 to 256, not 1000.");
  write("[server]\nthreads = \"two\"\n");
  EXPECT_EQ(refusal(), "c.toml:2: server.threads must be a whole number.");
  write("[server]\nthreads = 2.0\n");
  EXPECT_EQ(refusal(), "c.toml:2: server.threads must be a whole number.");
  write("[server]\ntrusted_proxies = \"10.0.0.0/8\"\n");
  EXPECT_EQ(refusal(), "c.toml:2: server.trusted_proxies must be a list of texts.");
  write("server = 5\n");
  EXPECT_THAT(refusal(), HasSubstr("c.toml:1: there is no option server"));
  write("[log]\nengine = \"rabbit\"\n");
  EXPECT_EQ(refusal(), "c.toml:2: log.engine must be embedded or kafka, not \"rabbit\".");
}

TEST_F(ConfigLoadTest, WhatIsNoTomlIsRefusedWithItsLine) {
  write("[server]\nlisten = \n");
  EXPECT_THAT(refusal(), testing::StartsWith("c.toml:2: this is not valid TOML: "));
  write("[server]\nthreads = 1\nthreads = 2\n");
  EXPECT_THAT(refusal(), testing::StartsWith("c.toml:3: this is not valid TOML: "));
  write("[server]\ndata = \"\xFF\"\n");
  EXPECT_THAT(refusal(), testing::StartsWith("c.toml:2: this is not valid TOML: "));
}

TEST_F(ConfigLoadTest, TheEnvironmentIsCheckedLikeTheFile) {
  input_.environment = {{"CHAT4ALL_SERVER__TRUSTED_PROXIES", "10.0.0.0/8, ::1"},
                        {"CHAT4ALL_AUTH__OPEN_REGISTRATION", "true"},
                        {"CHAT4ALL_SERVER__TLS__KEY", "k"},
                        {"CHAT4ALL_SERVER__TLS__CERTIFICATE", "c"}};
  EXPECT_THAT(loaded().server.trusted_proxies, testing::ElementsAre("10.0.0.0/8", "::1"));
  EXPECT_TRUE(loaded().auth.open_registration);
  input_.environment = {{"CHAT4ALL_SERVER__THREADS", "many"}};
  EXPECT_EQ(refusal(), "CHAT4ALL_SERVER__THREADS: server.threads must be a whole number, not \"many\".");
  input_.environment = {{"CHAT4ALL_SERVER__THREAD", "1"}};
  EXPECT_EQ(refusal(),
            "CHAT4ALL_SERVER__THREAD: there is no option server.thread; did you mean CHAT4ALL_SERVER__THREADS?");
}

TEST_F(ConfigLoadTest, OtherVariablesAreLeftAloneButASingleUnderscoreIsASlip) {
  input_.environment = {{"CHAT4ALL_ADMIN_KEY", "c4a_x"}, {"PATH", "/bin"}, {"SERVER__THREADS", "x"}};
  EXPECT_EQ(loaded(), Config());
  input_.environment = {{"CHAT4ALL_SERVER_LISTEN", "127.0.0.1:1"}};
  EXPECT_EQ(refusal(),
            "CHAT4ALL_SERVER_LISTEN: there is no option server_listen; did you mean CHAT4ALL_SERVER__LISTEN?");
}

TEST_F(ConfigLoadTest, AFlagIsNamedInItsRefusal) {
  input_.flags = {{"server.listen", "--listen", "8080"}};
  EXPECT_EQ(refusal(),
            "--listen: server.listen must be HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080, not \"8080\".");
}

TEST_F(ConfigLoadTest, ACertificateNeedsItsKey) {
  write("[server.tls]\ncertificate = \"c.pem\"\n");
  EXPECT_EQ(refusal(), "c.toml:2: server.tls.certificate and server.tls.key must be given together.");
}

TEST_F(ConfigLoadTest, AnOutsideIssuerMustBeNamed) {
  input_.environment = {{"CHAT4ALL_AUTH__JWKS_URL", "https://login.example/jwks.json"}};
  EXPECT_THAT(refusal(), testing::StartsWith("CHAT4ALL_AUTH__JWKS_URL: auth.jwks_url needs auth.issuer"));
  input_.environment.push_back({"CHAT4ALL_AUTH__ISSUER", "https://login.example"});
  EXPECT_EQ(loaded().auth.issuer, "https://login.example");
}

TEST(CheckEnginesTest, TheEmbeddedEnginesAreInThisBuild) { EXPECT_TRUE(check_engines(Config())); }

TEST(CheckEnginesTest, EnginesThatOnlyWorkTogetherAreAskedForTogether) {
  Config config;
  config.messages.engine = MessagesEngine::kCassandra;
  const auto result = check_engines(config);
  ASSERT_FALSE(result);
  EXPECT_EQ(
      result.error().detail,
      "log.engine = kafka, messages.engine = cassandra and presence.engine = redis go together: set all three, or "
      "none of them.");
}

}  // namespace
}  // namespace c4a
