#include "message_log/kafka/kafka_dead_letters.h"

namespace c4a {
namespace {

constexpr int kDeliveryMs = 5000;

}  // namespace

Result<std::unique_ptr<KafkaDeadLetters>> KafkaDeadLetters::open(const KafkaOptions& options) {
  auto made = std::make_unique<KafkaDeadLetters>();
  C4A_TRY(auto conf, kafka::make_conf(options, {{"acks", "all"},
                                                {"delivery.timeout.ms", std::to_string(kDeliveryMs)},
                                                {"request.timeout.ms", "3000"},
                                                {"message.max.bytes", kafka::kMaxDeadLetterBytes}}));
  rd_kafka_conf_set_dr_msg_cb(conf.get(), [](rd_kafka_t*, const rd_kafka_message_t* message, void*) {
    *static_cast<rd_kafka_resp_err_t*>(message->_private) = message->err;
  });
  C4A_TRY(made->client_, kafka::make_client(RD_KAFKA_PRODUCER, std::move(conf)));
  made->topic_ = options.topic_prefix + kDeadLettersTopic;
  return made;
}

bool KafkaDeadLetters::put(const std::string& source, int partition, std::int64_t offset, std::string_view bytes,
                           std::string_view reason) {
  const std::lock_guard lock(mutex_);
  const std::string number = std::to_string(partition);
  const std::string place = std::to_string(offset);
  auto result = rd_kafka_resp_err_t{RD_KAFKA_RESP_ERR__IN_PROGRESS};
  const auto produced =
      rd_kafka_producev(client_.get(), RD_KAFKA_V_TOPIC(topic_.c_str()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                        RD_KAFKA_V_VALUE(const_cast<char*>(bytes.data()), bytes.size()),
                        RD_KAFKA_V_HEADER("reason", reason.data(), static_cast<ssize_t>(reason.size())),
                        RD_KAFKA_V_HEADER("topic", source.data(), static_cast<ssize_t>(source.size())),
                        RD_KAFKA_V_HEADER("partition", number.data(), static_cast<ssize_t>(number.size())),
                        RD_KAFKA_V_HEADER("offset", place.data(), static_cast<ssize_t>(place.size())),
                        RD_KAFKA_V_OPAQUE(&result), RD_KAFKA_V_END);
  if (produced != RD_KAFKA_RESP_ERR_NO_ERROR) return false;
  // `result` is on this stack: it must not be left behind while the client may still write to it.
  while (result == RD_KAFKA_RESP_ERR__IN_PROGRESS) rd_kafka_flush(client_.get(), kDeliveryMs);
  return result == RD_KAFKA_RESP_ERR_NO_ERROR;
}

}  // namespace c4a
