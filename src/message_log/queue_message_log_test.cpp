#include "message_log/queue_message_log.h"

#include "message_log/message_log_contract.h"

namespace c4a {
namespace {

class QueueUnderTest final : public LogUnderTest {
 public:
  explicit QueueUnderTest(std::size_t waiting_limit) : queue_({{}, waiting_limit}) {}
  MessageLog& log() override { return queue_; }
  LogPartition& partition() override { return queue_; }
  void stop_reader() override {}

 private:
  QueueMessageLog queue_;
};

struct MakeQueueMessageLog {
  std::unique_ptr<LogUnderTest> operator()(std::size_t waiting_limit) {
    return std::make_unique<QueueUnderTest>(waiting_limit);
  }
};

INSTANTIATE_TYPED_TEST_SUITE_P(Queue, MessageLogContract, MakeQueueMessageLog);

TEST(QueueMessageLogTest, ASendIsNotAdmittedWhereTooManyWait) {
  QueueMessageLog log({{}, 2});
  EXPECT_TRUE(log.admits_send());
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(log.append({}, [](const Result<Decision>&) {}));
  const auto refused = log.admits_send();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kOverloaded);
  EXPECT_TRUE(refused.error().retry_after_s);
  EXPECT_EQ(log.shed(), 1u);
}

// What stands in the queue is taken in pieces while more comes, and nothing changes places.
TEST(QueueMessageLogTest, AQueueThatNeverEmptiesKeepsItsOrder) {
  QueueMessageLog log({{}, 100});
  std::vector<LoggedCommand> batch;
  std::uint64_t expected = 0;
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(log.append({}, [](const Result<Decision>&) {}));
    batch.clear();
    ASSERT_TRUE(log.next_batch(batch, round == 0 ? 3 : 10));
    ASSERT_FALSE(batch.empty());
    for (const auto& logged : batch) EXPECT_EQ(logged.position.value, ++expected);
    log.committed(batch.back().position);
  }
  EXPECT_LE(log.waiting(), 100u);
}

}  // namespace
}  // namespace c4a
