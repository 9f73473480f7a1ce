#pragma once

#include "message_log/message_log.h"

namespace c4a {

// Appends a command and waits for its decision. For worker threads; never on an event loop or the router's thread.
// Fails with what the log or the router answers, and with kUnavailable if no decision comes within 10 s (the command
// may still take effect), with kUndecided if the log has it and no router has answered in time.
Result<Decision> submit(MessageLog& log, Command command);

}  // namespace c4a
