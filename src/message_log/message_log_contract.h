#pragma once

// What every MessageLog must do. An implementation's test instantiates it with a factory:
//   struct MakeMyLog { std::unique_ptr<MessageLog> operator()(std::size_t waiting_limit); };
//   INSTANTIATE_TYPED_TEST_SUITE_P(MyLog, MessageLogContract, MakeMyLog);

#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "message_log/message_log.h"

namespace c4a {

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
  std::vector<LoggedCommand> take(MessageLog& log, std::size_t most) {
    std::vector<LoggedCommand> batch;
    log.next_batch(batch, most);
    return batch;
  }
};

TYPED_TEST_SUITE_P(MessageLogContract);

TYPED_TEST_P(MessageLogContract, CommandsComeOutInTheOrderInWhichTheyWereAppended) {
  const auto log = TypeParam{}(1000);
  for (std::uint64_t i = 1; i <= 10; ++i) ASSERT_TRUE(log->append(this->typing_of(i), this->nothing()));
  TimestampMs expected = 1;
  LogPosition last;
  while (expected <= 10) {
    for (const auto& logged : this->take(*log, 3)) {
      EXPECT_EQ(logged.command.at, expected++);
      EXPECT_GT(logged.position, last);
      last = logged.position;
    }
  }
}

TYPED_TEST_P(MessageLogContract, ABatchIsNeverLargerThanAsked) {
  const auto log = TypeParam{}(1000);
  for (std::uint64_t i = 1; i <= 10; ++i) ASSERT_TRUE(log->append(this->typing_of(i), this->nothing()));
  EXPECT_EQ(this->take(*log, 4).size(), 4u);
  EXPECT_LE(this->take(*log, 100).size(), 6u);
}

TYPED_TEST_P(MessageLogContract, TooManyWaitingCommandsAreRefusedUntilSomeAreCommitted) {
  const auto log = TypeParam{}(3);
  for (std::uint64_t i = 1; i <= 3; ++i) ASSERT_TRUE(log->append(this->typing_of(i), this->nothing()));
  const auto refused = log->append(this->typing_of(4), this->nothing());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kOverloaded);
  EXPECT_TRUE(refused.error().retry_after_s);
  log->committed(this->take(*log, 10).back().position);
  EXPECT_TRUE(log->append(this->typing_of(5), this->nothing()));
}

TYPED_TEST_P(MessageLogContract, AfterStopNothingIsTakenButWhatWasAppendedIsHandedOut) {
  const auto log = TypeParam{}(1000);
  ASSERT_TRUE(log->append(this->typing_of(1), this->nothing()));
  log->stop();
  EXPECT_FALSE(log->append(this->typing_of(2), this->nothing()));
  std::vector<LoggedCommand> batch;
  EXPECT_TRUE(log->next_batch(batch, 10));
  EXPECT_EQ(batch.size(), 1u);
  batch.clear();
  EXPECT_FALSE(log->next_batch(batch, 10));
}

TYPED_TEST_P(MessageLogContract, AWaitingConsumerIsWoken) {
  const auto log = TypeParam{}(1000);
  std::vector<LoggedCommand> batch;
  std::thread consumer([&] { log->next_batch(batch, 10); });
  EXPECT_TRUE(log->append(this->typing_of(1), this->nothing()));
  consumer.join();
  EXPECT_EQ(batch.size(), 1u);
}

REGISTER_TYPED_TEST_SUITE_P(MessageLogContract, CommandsComeOutInTheOrderInWhichTheyWereAppended,
                            ABatchIsNeverLargerThanAsked, TooManyWaitingCommandsAreRefusedUntilSomeAreCommitted,
                            AfterStopNothingIsTakenButWhatWasAppendedIsHandedOut, AWaitingConsumerIsWoken);

}  // namespace c4a
