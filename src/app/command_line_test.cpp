#include "app/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace c4a {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

Subcommand parse(std::vector<std::string> args) { return parse_command_line(std::move(args)).command; }

Help help(std::vector<std::string> args) {
  const auto command = parse(std::move(args));
  const auto* answer = std::get_if<Help>(&command);
  EXPECT_TRUE(answer);
  return answer ? *answer : Help{"", -1};
}

TEST(CommandLineTest, ServeTakesItsFlags) {
  EXPECT_EQ(parse({"serve"}), Subcommand(Serve{}));
  EXPECT_EQ(parse({"serve", "--listen", "[::1]:9000", "--roles=gateway,router", "--demo"}),
            Subcommand(Serve{"[::1]:9000", "gateway,router", true}));
}

TEST(CommandLineTest, ConfigAndDataStandOnEitherSideOfEveryCommand) {
  for (const std::vector<std::string>& args : {
           std::vector<std::string>{"--config", "c.toml", "--data", "d", "token", "issue", "alice"},
           std::vector<std::string>{"token", "issue", "alice", "--config", "c.toml", "--data", "d"},
           std::vector<std::string>{"token", "--config=c.toml", "issue", "--data=d", "alice"},
       }) {
    const auto line = parse_command_line(args);
    EXPECT_EQ(line.command, Subcommand(TokenIssue{"alice"}));
    EXPECT_EQ(line.config, "c.toml");
    EXPECT_EQ(line.data, "d");
  }
  for (const std::vector<std::string>& command : {
           std::vector<std::string>{"serve"},
           {"config", "check"},
           {"config", "print"},
           {"config", "reference"},
           {"migrate"},
           {"key", "create", "--name", "n", "--scopes", "admin"},
           {"user", "add", "alice"},
           {"sandbox"},
           {"version"},
       }) {
    auto args = command;
    args.insert(args.end(), {"--config", "c.toml", "--data", "d"});
    const auto line = parse_command_line(args);
    EXPECT_EQ(line.data, "d") << command.front();
    EXPECT_FALSE(std::holds_alternative<Help>(line.command)) << command.front();
  }
}

TEST(CommandLineTest, EachCommandIsAValueOfItsOwn) {
  EXPECT_EQ(parse({"config", "check"}), Subcommand(ConfigCheck{}));
  EXPECT_EQ(parse({"config", "print"}), Subcommand(ConfigPrint{}));
  EXPECT_EQ(parse({"config", "reference"}), Subcommand(ConfigReference{}));
  EXPECT_EQ(parse({"migrate"}), Subcommand(Migrate{}));
  EXPECT_EQ(parse({"migrate", "--from-data", "old"}), Subcommand(Migrate{"old", {}}));
  EXPECT_EQ(parse({"migrate", "--partitions", "12"}), Subcommand(Migrate{{}, 12}));
  EXPECT_EQ(parse({"sandbox"}), Subcommand(Sandbox{}));
  EXPECT_EQ(parse({"version"}), Subcommand(ShowVersion{}));
  EXPECT_EQ(parse({"--version"}), Subcommand(ShowVersion{}));
  EXPECT_EQ(parse({"key", "create", "--name", "back end", "--scopes", "messages,users"}),
            Subcommand(KeyCreate{"back end", {"messages", "users"}}));
  EXPECT_EQ(parse({"user", "add", "alice", "--display-name", "Alice", "--password-stdin"}),
            Subcommand(UserAdd{"alice", "Alice", true}));
  EXPECT_EQ(parse({"user", "add", "alice"}), Subcommand(UserAdd{"alice", std::nullopt, false}));
}

TEST(CommandLineTest, BenchGetsItsArgumentsUntouched) {
  EXPECT_EQ(parse({"bench", "ws-pairs", "--data", "x", "--help"}),
            Subcommand(Bench{{"ws-pairs", "--data", "x", "--help"}}));
  EXPECT_EQ(parse({"bench"}), Subcommand(Bench{}));
}

TEST(CommandLineTest, NoArgumentsAreWrongUsageWithTheHelp) {
  const auto answer = help({});
  EXPECT_EQ(answer.exit_code, 2);
  EXPECT_THAT(answer.text, HasSubstr("serve"));
  EXPECT_THAT(answer.text, HasSubstr("bench"));
}

TEST(CommandLineTest, HelpIsThatOfTheCommandItWasAskedFor) {
  EXPECT_EQ(help({"--help"}).exit_code, 0);
  EXPECT_THAT(help({"--help"}).text, HasSubstr("Load generator"));
  EXPECT_EQ(help({"serve", "--help"}).exit_code, 0);
  EXPECT_THAT(help({"serve", "--help"}).text, HasSubstr("--listen ADDR:PORT"));
  EXPECT_THAT(help({"serve", "--help"}).text, HasSubstr("Usage: chat4all serve [OPTIONS]"));
  EXPECT_THAT(help({"key", "create", "-h"}).text, HasSubstr("--scopes LIST"));
}

TEST(CommandLineTest, WrongUsageSaysWhatIsWrongBeforeTheHelp) {
  for (const std::vector<std::string>& args : {
           std::vector<std::string>{"fly"},
           {"serve", "--wings"},
           {"serve", "extra"},
           {"serve", "--listen"},
           {"config"},
           {"config", "burn"},
           {"user", "add"},
           {"token", "issue"},
           {"key", "create", "--name", "n"},
           {"key", "create", "--scopes", "admin"},
           {"serve", "migrate"},
           {"--config", "c.toml"},
       }) {
    EXPECT_EQ(help(args).exit_code, 2) << args.back();
    EXPECT_THAT(help(args).text, Not(StartsWith("Chat4All"))) << args.back();
  }
  EXPECT_THAT(help({"serve", "--wings"}).text, HasSubstr("--wings"));
}

TEST(CommandLineTest, FlagsBecomeOptionsOfTheConfiguration) {
  const auto input = config_input(parse_command_line({"serve", "--listen", "a:1", "--data", "d", "--roles", "all"}));
  ASSERT_EQ(input.flags.size(), 3U);
  EXPECT_EQ(input.flags[0].key, "server.data");
  EXPECT_EQ(input.flags[1].flag, "--listen");
  EXPECT_EQ(input.flags[2].value, "all");
  EXPECT_FALSE(input.environment.empty());
  EXPECT_EQ(config_input(parse_command_line({"migrate"})).flags.size(), 0U);
}

}  // namespace
}  // namespace c4a
