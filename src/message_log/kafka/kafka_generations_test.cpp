#include "message_log/kafka/kafka_generations.h"

#include <gtest/gtest.h>

#include <regex>

namespace c4a {
namespace {

KafkaOptions with_prefix(std::string prefix) {
  KafkaOptions options;
  options.topic_prefix = std::move(prefix);
  return options;
}

TEST(KafkaGenerationsTest, ThePatternHasThatGenerationAndAllLaterOnes) {
  const KafkaOptions options = with_prefix("a.b_");
  for (const std::uint64_t first : {1, 2, 9, 10, 19, 99, 123, 499, 500}) {
    const std::regex pattern(generations_pattern(options, first), std::regex::extended);
    for (std::uint64_t number = 1; number <= 1200; ++number) {
      EXPECT_EQ(std::regex_search(commands_topic(options, number), pattern), number >= first) << first << " " << number;
    }
  }
}

TEST(KafkaGenerationsTest, NoOtherTopicIsOne) {
  const KafkaOptions options = with_prefix("a.b_");
  const std::regex pattern(generations_pattern(options, 1), std::regex::extended);
  for (const char* other : {"chat_messages", "axb_chat_messages", "a.b_chat_messages.", "a.b_chat_messages.1",
                            "a.b_chat_messages.02", "a.b_chat_messages.2x", "xa.b_chat_messages", "a.b_dead_letters"}) {
    EXPECT_FALSE(std::regex_search(other, pattern)) << other;
    EXPECT_EQ(generation_of(options, other), 0u) << other;
  }
}

TEST(KafkaGenerationsTest, ATopicsNameTellsItsGeneration) {
  const KafkaOptions options = with_prefix("p_");
  for (const std::uint64_t number : {1, 2, 10, 500}) {
    EXPECT_EQ(generation_of(options, commands_topic(options, number)), number);
  }
}

}  // namespace
}  // namespace c4a
