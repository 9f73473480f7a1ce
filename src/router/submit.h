#pragma once

#include <vector>

#include "message_log/message_log.h"

namespace c4a {

// Appends a command and waits for its decision. For worker threads; never on an event loop or the router's thread.
// Fails with what the log or the router answers, and with kUnavailable if no decision comes within 10 s (the command
// may still take effect), with kUndecided if the log has it and no router has answered in time.
Result<Decision> submit(MessageLog& log, Command command);

// The same for commands of different conversations, some hundreds at a time, so that they share batches and commits.
std::vector<Result<Decision>> submit_all(MessageLog& log, std::vector<Command> commands);

}  // namespace c4a
