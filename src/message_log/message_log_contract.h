#pragma once

// What every MessageLog must do. An implementation's test instantiates it with a factory:
//   struct MakeMyLog { std::unique_ptr<LogUnderTest> operator()(std::size_t waiting_limit); };
//   INSTANTIATE_TYPED_TEST_SUITE_P(MyLog, MessageLogContract, MakeMyLog);

#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "message_log/log_partition.h"

namespace c4a {

// Both ends of one log, of one partition.
class LogUnderTest {
 public:
  virtual ~LogUnderTest() = default;
  virtual MessageLog& log() = 0;
  virtual LogPartition& partition() = 0;
  // The reader's process stops; where it is the same process as the log's, `stop` has done it.
  virtual void stop_reader() = 0;
};

template <class Make>
class MessageLogContract : public testing::Test {
 protected:
  static Command typing_of(std::uint64_t number) {
    Command command;
    command.at = static_cast<TimestampMs>(number);
    command.request = Typing{};
    return command;
  }
  static Completion nothing() {
    return [](Result<Decision>) {};
  }
  std::vector<LoggedCommand> take(LogUnderTest& both, std::size_t most) {
    std::vector<LoggedCommand> batch;
    both.partition().next_batch(batch, most);
    return batch;
  }
};

TYPED_TEST_SUITE_P(MessageLogContract);

TYPED_TEST_P(MessageLogContract, CommandsComeOutInTheOrderInWhichTheyWereAppended) {
  const auto both = TypeParam{}(1000);
  for (std::uint64_t i = 1; i <= 10; ++i) ASSERT_TRUE(both->log().append(this->typing_of(i), this->nothing()));
  TimestampMs expected = 1;
  LogPosition last;
  while (expected <= 10) {
    for (const auto& logged : this->take(*both, 3)) {
      EXPECT_EQ(logged.command.at, expected++);
      EXPECT_GT(logged.position, last);
      last = logged.position;
    }
  }
}

TYPED_TEST_P(MessageLogContract, ABatchIsNeverLargerThanAsked) {
  const auto both = TypeParam{}(1000);
  for (std::uint64_t i = 1; i <= 10; ++i) ASSERT_TRUE(both->log().append(this->typing_of(i), this->nothing()));
  EXPECT_EQ(this->take(*both, 4).size(), 4u);
  EXPECT_LE(this->take(*both, 100).size(), 6u);
}

TYPED_TEST_P(MessageLogContract, TooManyWaitingCommandsAreRefusedUntilSomeAreAnswered) {
  const auto both = TypeParam{}(3);
  for (std::uint64_t i = 1; i <= 3; ++i) ASSERT_TRUE(both->log().append(this->typing_of(i), this->nothing()));
  const auto refused = both->log().append(this->typing_of(4), this->nothing());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kOverloaded);
  EXPECT_TRUE(refused.error().retry_after_s);
  auto taken = this->take(*both, 10);
  for (auto& logged : taken) logged.done(Decision{});
  both->partition().committed(taken.back().position);
  EXPECT_TRUE(both->log().append(this->typing_of(5), this->nothing()));
}

TYPED_TEST_P(MessageLogContract, AfterStopNothingIsTakenButWhatWasAppendedIsHandedOut) {
  const auto both = TypeParam{}(1000);
  ASSERT_TRUE(both->log().append(this->typing_of(1), this->nothing()));
  both->log().stop();
  EXPECT_FALSE(both->log().append(this->typing_of(2), this->nothing()));
  std::vector<LoggedCommand> batch;
  EXPECT_TRUE(both->partition().next_batch(batch, 10));
  EXPECT_EQ(batch.size(), 1u);
  batch.clear();
  both->stop_reader();
  EXPECT_FALSE(both->partition().next_batch(batch, 10));
}

TYPED_TEST_P(MessageLogContract, AWaitingConsumerIsWoken) {
  const auto both = TypeParam{}(1000);
  std::vector<LoggedCommand> batch;
  std::thread consumer([&] { both->partition().next_batch(batch, 10); });
  EXPECT_TRUE(both->log().append(this->typing_of(1), this->nothing()));
  consumer.join();
  EXPECT_EQ(batch.size(), 1u);
}

REGISTER_TYPED_TEST_SUITE_P(MessageLogContract, CommandsComeOutInTheOrderInWhichTheyWereAppended,
                            ABatchIsNeverLargerThanAsked, TooManyWaitingCommandsAreRefusedUntilSomeAreAnswered,
                            AfterStopNothingIsTakenButWhatWasAppendedIsHandedOut, AWaitingConsumerIsWoken);

}  // namespace c4a
