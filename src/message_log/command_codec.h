#pragma once

// How a command stands in a log that outlives the process: docs/formats/command.md. The first byte is the version.

#include <string>
#include <string_view>

#include "base/result.h"
#include "domain/command.h"
#include "domain/decision_sender.h"

namespace c4a {

struct EncodedCommand {
  Command command;
  ReplyAddress reply;
};

std::string encode_command(const Command& command, const ReplyAddress& reply);
// Fails with: kCorrupt, saying what is wrong with the bytes.
Result<EncodedCommand> decode_command(std::string_view bytes);

}  // namespace c4a
