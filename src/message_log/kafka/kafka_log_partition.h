#pragma once

#include <atomic>
#include <functional>

#include "message_log/kafka/kafka_client.h"
#include "message_log/kafka/kafka_place.h"
#include "message_log/partition_owner.h"

namespace c4a {

// One partition, read straight from the client's queue by its router's thread.
class KafkaLogPartition final : public SharedLogPartition {
 public:
  // Bytes that cannot be decided go there, with the reason. Blocks until they are safe; false if that failed.
  using SetAside = std::function<bool(std::int64_t offset, std::string_view bytes, std::string_view reason)>;

  // `start`: the first offset that is read; RD_KAFKA_OFFSET_BEGINNING, or _STORED while it is not known.
  KafkaLogPartition(kafka::Queue queue, KafkaPlace place, std::int64_t start, SetAside set_aside,
                    std::atomic<std::uint64_t>& consumed);

  int number() const override { return place_.number(); }
  const KafkaPlace& place() const { return place_; }
  void answer_through(DecisionSender& sender) override { sender_ = &sender; }
  bool next_batch(std::vector<LoggedCommand>& batch, std::size_t most) override;
  void committed(LogPosition position) override;
  void set_aside(const LoggedCommand& logged, const Error& reason) override;
  bool given_up() const override { return given_up_; }

  // The consumer's thread.
  void give_up() { given_up_ = true; }
  // The next offset that is not yet durable; -1 before anything was.
  std::int64_t next_offset() const { return next_offset_; }
  // Before it is read anew from `read_position`. Commands that come twice then are handed out once.
  void forget_error() { error_ = RD_KAFKA_RESP_ERR_NO_ERROR; }
  // Any thread: why nothing is read from it; RD_KAFKA_RESP_ERR_NO_ERROR again with the next command.
  rd_kafka_resp_err_t error() const { return error_; }
  // Any thread: the offset of the command that comes next; before the first, `start`.
  std::int64_t read_position() const { return read_position_; }
  // Any thread: how long the router has waited for a command by now; 0 while it has work.
  std::int64_t waited_ms() const;

 private:
  void take(const rd_kafka_message_t& message, std::vector<LoggedCommand>& batch);
  void pass_over(std::int64_t offset);
  // False where the partition was given up before the bytes were safe: the offset stays before them then.
  bool bury(std::int64_t offset, std::string_view bytes, std::string_view reason);
  void move_to(std::int64_t next);

  kafka::Queue queue_;
  std::vector<rd_kafka_message_t*> taken_;  // room for one batch
  const KafkaPlace place_;
  const SetAside set_aside_;
  std::atomic<std::uint64_t>& consumed_;
  DecisionSender* sender_ = nullptr;
  std::atomic<bool> given_up_{false};
  std::atomic<std::int64_t> next_offset_{-1};
  std::atomic<rd_kafka_resp_err_t> error_{RD_KAFKA_RESP_ERR_NO_ERROR};
  std::atomic<std::int64_t> read_position_;
  std::atomic<std::int64_t> vain_waits_{0};  // in a row
  // The router's thread's; offsets, -1 for none.
  std::int64_t handed_out_ = -1;  // behind the last command handed out
  std::int64_t read_to_ = -1;     // behind the last handed out or set aside
  std::int64_t stuck_at_ = -1;    // the first that could not be set aside
};

}  // namespace c4a
