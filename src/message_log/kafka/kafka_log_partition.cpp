#include "message_log/kafka/kafka_log_partition.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "message_log/command_codec.h"

namespace c4a {
namespace {

constexpr int kWaitMs = 50;

std::string_view bytes_of(const rd_kafka_message_t& message) {
  return {static_cast<const char*>(message.payload), message.len};
}

// What stands in the log without being a command: see kafka_generations.h.
bool is_fence(const rd_kafka_message_t& message) {
  return message.key_len == 0 && (message.len == 0 || *static_cast<const char*>(message.payload) == '\0');
}

}  // namespace

KafkaLogPartition::KafkaLogPartition(kafka::Queue queue, KafkaPlace place, std::int64_t start, SetAside set_aside,
                                     std::atomic<std::uint64_t>& consumed)
    : queue_(std::move(queue)),
      place_(std::move(place)),
      set_aside_(std::move(set_aside)),
      consumed_(consumed),
      read_position_(start) {}

std::int64_t KafkaLogPartition::waited_ms() const { return vain_waits_ * kWaitMs; }

bool KafkaLogPartition::next_batch(std::vector<LoggedCommand>& batch, std::size_t most) {
  taken_.resize(std::max(taken_.size(), most));
  while (!given_up_ && batch.empty()) {
    // One with patience, then all the others that are there: a batch call would wait until it is full.
    ssize_t count = rd_kafka_consume_batch_queue(queue_.get(), kWaitMs, taken_.data(), 1);
    if (count <= 0) {
      vain_waits_.fetch_add(1, std::memory_order_relaxed);
      continue;
    }
    vain_waits_.store(0, std::memory_order_relaxed);
    const ssize_t more = rd_kafka_consume_batch_queue(queue_.get(), 0, taken_.data() + 1, most - 1);
    count += std::max<ssize_t>(more, 0);
    for (ssize_t i = 0; i < count; ++i) {
      take(*taken_[static_cast<std::size_t>(i)], batch);
      rd_kafka_message_destroy(taken_[static_cast<std::size_t>(i)]);
    }
  }
  return !given_up_;
}

void KafkaLogPartition::take(const rd_kafka_message_t& message, std::vector<LoggedCommand>& batch) {
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) return;
  error_ = message.err;  // nobody else hears of it: it comes on this partition's queue alone
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  if (message.offset < read_position_) return;  // read anew
  read_position_ = message.offset + 1;
  consumed_.fetch_add(1, std::memory_order_relaxed);
  if (is_fence(message)) return pass_over(message.offset);
  auto decoded = decode_command(bytes_of(message));
  if (!decoded) {
    if (bury(message.offset, bytes_of(message), decoded.error().detail)) pass_over(message.offset);
    return;
  }
  handed_out_ = read_to_ = message.offset + 1;
  Completion done = [sender = sender_, reply = decoded->reply](Result<Decision> decision) {
    if (reply.gateway != 0) sender->answer(reply, decision);
  };
  batch.push_back({place_.position_of(message.offset), std::move(decoded->command), std::move(done)});
}

void KafkaLogPartition::pass_over(std::int64_t offset) {
  const bool all_durable = next_offset_ == handed_out_;
  read_to_ = offset + 1;
  if (!all_durable) return;  // with the commands before it, when they are
  handed_out_ = read_to_;
  move_to(read_to_);
}

bool KafkaLogPartition::bury(std::int64_t offset, std::string_view bytes, std::string_view reason) {
  while (!given_up_) {
    if (set_aside_(offset, bytes, reason)) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  // Whoever has the partition next must find it again.
  if (stuck_at_ < 0 || offset < stuck_at_) stuck_at_ = offset;
  return false;
}

void KafkaLogPartition::move_to(std::int64_t next) {
  if (stuck_at_ >= 0) next = std::min(next, stuck_at_);
  if (next > next_offset_) next_offset_ = next;
}

void KafkaLogPartition::committed(LogPosition position) {
  const std::int64_t next = place_.offset_of(position) + 1;
  if (next < handed_out_) return move_to(next);
  handed_out_ = read_to_ = std::max(read_to_, next);  // what was set aside behind it is safe as well
  move_to(read_to_);
}

void KafkaLogPartition::set_aside(const LoggedCommand& logged, const Error& reason) {
  bury(place_.offset_of(logged.position), encode_command(logged.command, {}), reason.detail);
}

}  // namespace c4a
