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

}  // namespace
}  // namespace c4a
