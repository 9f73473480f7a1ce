#include "message_log/kafka/kafka_log_partition.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "message_log/command_codec.h"

namespace c4a {
namespace {

constexpr int kWaitMs = 50;
// A generation's positions: more offsets than a partition will ever have.
constexpr int kOffsetBits = 46;

std::string_view bytes_of(const rd_kafka_message_t& message) {
  return {static_cast<const char*>(message.payload), message.len};
}

}  // namespace

KafkaLogPartition::KafkaLogPartition(kafka::Queue queue, int number, std::uint64_t generation, SetAside set_aside,
                                     std::atomic<std::uint64_t>& consumed)
    : queue_(std::move(queue)),
      number_(number),
      generation_(generation),
      set_aside_(std::move(set_aside)),
      consumed_(consumed) {}

LogPosition KafkaLogPartition::position_of(std::int64_t offset) const {
  return {(generation_ << kOffsetBits) + static_cast<std::uint64_t>(offset) + 1};
}

bool KafkaLogPartition::next_batch(std::vector<LoggedCommand>& batch, std::size_t most) {
  std::vector<rd_kafka_message_t*> messages(most);
  while (!given_up_ && batch.empty()) {
    // One with patience, then all the others that are there: a batch call would wait until it is full.
    ssize_t count = rd_kafka_consume_batch_queue(queue_.get(), kWaitMs, messages.data(), 1);
    if (count <= 0) continue;
    const ssize_t more = rd_kafka_consume_batch_queue(queue_.get(), 0, messages.data() + 1, most - 1);
    count += std::max<ssize_t>(more, 0);
    for (ssize_t i = 0; i < count; ++i) {
      take(*messages[static_cast<std::size_t>(i)], batch);
      rd_kafka_message_destroy(messages[static_cast<std::size_t>(i)]);
    }
  }
  return !given_up_;
}

void KafkaLogPartition::take(const rd_kafka_message_t& message, std::vector<LoggedCommand>& batch) {
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) return;  // told on the consumer's own queue as well
  consumed_.fetch_add(1, std::memory_order_relaxed);
  auto decoded = decode_command(bytes_of(message));
  if (!decoded) {
    bury(message.offset, bytes_of(message), decoded.error().detail);
    if (batch.empty()) next_offset_ = message.offset + 1;
    return;
  }
  Completion done = [sender = sender_, reply = decoded->reply](Result<Decision> decision) {
    if (reply.gateway != 0) sender->answer(reply, decision);
  };
  batch.push_back({position_of(message.offset), std::move(decoded->command), std::move(done)});
}

void KafkaLogPartition::bury(std::int64_t offset, std::string_view bytes, std::string_view reason) {
  while (!given_up_ && !set_aside_(offset, bytes, reason)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

void KafkaLogPartition::committed(LogPosition position) {
  next_offset_ = static_cast<std::int64_t>(position.value - (generation_ << kOffsetBits));
}

void KafkaLogPartition::set_aside(const LoggedCommand& logged, const Error& reason) {
  bury(static_cast<std::int64_t>(logged.position.value - 1 - (generation_ << kOffsetBits)),
       encode_command(logged.command, {}), reason.detail);
}

}  // namespace c4a
