#pragma once

// POST /v1/messages and the WebSocket's `send`: from what the client wrote to a command for the router.

#include <span>
#include <string>

#include "base/json_reader.h"
#include "domain/command.h"

namespace c4a {

struct SendContext {
  UserId actor;
  DeviceId device;
  TimestampMs now = 0;
  SessionNumber session = 0;
  std::array<std::uint8_t, 16> trace_id{};
  std::span<const std::string> channels;  // the registry: what a message may name
};

// Fails with: kValidationFailed (every field that is wrong), kUnknownChannel, kConversationNotFound.
Result<Command> read_send(JsonObject body, const SendContext& context);

struct ReadPayload {
  PayloadType type = PayloadType::kText;
  std::string json;  // canonical: what is stored, answered and compared
};

// The `payload` member of a send or an edit. Complaints go into `fields`, and nothing is answered then.
std::optional<ReadPayload> read_payload(JsonFields& fields);

// PATCH /v1/messages/{id}. Fails with: kValidationFailed.
Result<EditMessage> read_edit(JsonObject body, const MessageId& message_id);

}  // namespace c4a
