#pragma once

// MessageLog carries commands to the router, in the order appended for each conversation. What gateways see of it; the
// router's side is LogPartition. From the moment at which a command's completion runs with a decision, its effects can
// no longer be lost.
//
// Implementations: QueueMessageLog (embedded, the default: in-process, a command is durable together with its effects,
// by the router's group commit); KafkaMessageLog (many gateways, many routers).

#include <cstddef>
#include <cstdint>
#include <functional>

#include "base/result.h"
#include "domain/command.h"
#include "domain/effects.h"

namespace c4a {

// Runs exactly once, on a thread of the log or the router, so it must be short and must not block. A decision without
// a seq and version says that the command is safe in the log and the router has not answered in time
// (Decision::decided). An error of kUnavailable: the command may still take effect.
using Completion = std::move_only_function<void(Result<Decision>)>;

class MessageLog {
 public:
  virtual ~MessageLog() = default;

  // Any thread; never blocks. Commands of one thread for one conversation keep their order. On failure `done` is not
  // called.
  // Fails with: kOverloaded when too much is waiting (try again in a second), kUnavailable when the log does not answer
  // or has stopped, kBodyTooLarge when the log cannot carry it (sending it again does not help; the completion may
  // say so as well).
  virtual Result<> append(Command command, Completion done) = 0;

  // As `append`. Where `done` was told that there is no decision yet, `late` gets it if it comes within kLateMs; it may
  // even run before `done` has. A log that always decides never calls it.
  static constexpr std::int64_t kLateMs = 5000;
  virtual Result<> append_and_hear(Command command, Completion done, Completion /*late*/) {
    return append(std::move(command), std::move(done));
  }

  // Whether a send appended now would be refused because too much waits: asked before it is read, so that refusing
  // costs little. Any thread; never blocks. Fails with: kOverloaded.
  virtual Result<> admits_send() { return {}; }

  // Any thread. Takes nothing more; what was appended before is still handed out.
  virtual void stop() = 0;

  // Commands appended and not yet answered.
  virtual std::size_t waiting() const = 0;

  // Whether commands can be appended right now. Any thread.
  virtual Result<> check() = 0;
};

}  // namespace c4a
