#include "message_log/queue_message_log.h"

#include "message_log/message_log_contract.h"

namespace c4a {
namespace {

struct MakeQueueMessageLog {
  std::unique_ptr<MessageLog> operator()(std::size_t waiting_limit) {
    return std::make_unique<QueueMessageLog>(QueueMessageLog::Options{{}, waiting_limit});
  }
};

INSTANTIATE_TYPED_TEST_SUITE_P(Queue, MessageLogContract, MakeQueueMessageLog);

}  // namespace
}  // namespace c4a
