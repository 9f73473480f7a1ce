#pragma once

// LogPartition is the router's side of the log: the commands of some conversations, in order, for one consumer.
// Implementations: QueueMessageLog (all conversations), KafkaLogPartition (one partition of the topic).

#include <vector>

#include "message_log/message_log.h"

namespace c4a {

struct LoggedCommand {
  LogPosition position;
  Command command;
  Completion done;  // answers whoever appended it; may be dropped unanswered when the partition goes to another owner
};

class LogPartition {
 public:
  virtual ~LogPartition() = default;

  // Waits for commands and moves up to `most` of them to the end of `batch`, in order. False once the log has stopped
  // and is empty, or the partition goes to another owner.
  virtual bool next_batch(std::vector<LoggedCommand>& batch, std::size_t most) = 0;
  // The effects of everything up to `position` are durable.
  virtual void committed(LogPosition position) = 0;
  // A command that can never be decided: it is set aside with the reason and never handed out again.
  virtual void set_aside(const LoggedCommand& logged, const Error& reason) = 0;
  // Whether the partition is to be given up now. Any thread.
  virtual bool given_up() const = 0;
};

}  // namespace c4a
