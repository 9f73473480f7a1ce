#include "told_frame.h"

#include "base/json_reader.h"

namespace c4a::simulation {
namespace {

std::string text_of(const JsonObject& object, const char* name) {
  std::string_view text;
  if (object[name].get_string().get(text) != simdjson::SUCCESS) return {};
  return std::string(text);
}

std::uint64_t number_of(const JsonObject& object, const char* name) {
  std::uint64_t number = 0;
  if (object[name].get_uint64().get(number) != simdjson::SUCCESS) return 0;
  return number;
}

template <class Id>
Id id_of(const JsonObject& object, const char* name) {
  return Id::parse(text_of(object, name)).value_or(Id{});
}

void read_message(ToldFrame& frame, const JsonObject& message) {
  frame.has_message = true;
  frame.conversation = id_of<ConversationId>(message, "conversation_id");
  frame.message_id = id_of<MessageId>(message, "message_id");
  frame.seq = {number_of(message, "seq")};
  frame.from = {text_of(message, "from")};
  JsonElement payload;
  if (message["payload"].get(payload) == simdjson::SUCCESS && !payload.is_null()) frame.payload = compact_json(payload);
}

}  // namespace

ToldFrame read_frame(std::string text) {
  ToldFrame frame;
  frame.raw = std::move(text);
  const auto object = parse_json_object(frame.raw);
  if (!object) return frame;
  frame.type = text_of(*object, "type");
  JsonObject message;
  if ((*object)["message"].get_object().get(message) == simdjson::SUCCESS) {
    read_message(frame, message);
  } else {
    frame.conversation = id_of<ConversationId>(*object, "conversation_id");
    frame.message_id = id_of<MessageId>(*object, "message_id");
    frame.seq = {number_of(*object, "seq")};
  }
  frame.version = {number_of(*object, "version")};
  frame.by = {text_of(*object, "by")};
  frame.user_id = {text_of(*object, "user_id")};
  frame.status = text_of(*object, "status");
  for (const char* name : {"emoji", "action", "role"}) frame.detail += text_of(*object, name) + "|";
  JsonElement metadata;
  if ((*object)["metadata"].get(metadata) == simdjson::SUCCESS) frame.detail += compact_json(metadata);
  return frame;
}

}  // namespace c4a::simulation
