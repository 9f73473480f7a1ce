#include "message_log/kafka/carried_command.h"

#include "message_log/command_codec.h"

namespace c4a {

std::optional<std::string> carried_command(std::string_view bytes) {
  auto read = decode_command(bytes);
  if (!read || !repeatable(read->command.request)) return std::nullopt;
  if (auto* send = std::get_if<SendMessage>(&read->command.request)) send->id_from_client = true;
  return encode_command(read->command, read->reply);
}

}  // namespace c4a
