#pragma once

// MessageLog carries commands to the router, in order. From the moment at which a command's completion runs with a
// decision, its effects can no longer be lost.
//
// Implementations: QueueMessageLog (embedded, the default: in-process, a command is durable together with its effects,
// by the router's group commit). One consumer: the router that owns the partition.

#include <cstddef>
#include <functional>
#include <vector>

#include "base/result.h"
#include "domain/command.h"
#include "domain/effects.h"

namespace c4a {

// Runs exactly once, on the router's thread, so it must be short and must not block. An error of kUnavailable means
// that nothing of the command was kept.
using Completion = std::move_only_function<void(Result<Decision>)>;

struct LoggedCommand {
  LogPosition position;
  Command command;
  Completion done;
};

class MessageLog {
 public:
  virtual ~MessageLog() = default;

  // Any thread; never blocks. Commands of one thread keep their order. On failure `done` is not called.
  // Fails with: kOverloaded when too much is waiting (try again in a second), kUnavailable when the log has stopped.
  virtual Result<> append(Command command, Completion done) = 0;

  // The consumer. Waits for commands and moves up to `most` of them to the end of `batch`, in order. False once the log
  // has stopped and is empty.
  virtual bool next_batch(std::vector<LoggedCommand>& batch, std::size_t most) = 0;
  // The effects of everything up to `position` are durable.
  virtual void committed(LogPosition position) = 0;

  // Any thread. Takes nothing more; what was appended before is still handed out.
  virtual void stop() = 0;

  // Commands appended and not yet committed.
  virtual std::size_t waiting() const = 0;
};

}  // namespace c4a
