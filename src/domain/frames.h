#pragma once

// The JSON of messages and events, as WebSocket frames carry it and REST answers it: one place for both.

#include <string>

#include "base/json_writer.h"
#include "domain/effects.h"

namespace c4a {

// The members of a message object, without the braces, so that REST can add to them.
void write_message_members(JsonWriter& json, const Message& message);
void append_message_object(std::string& out, const Message& message);

std::string message_frame(const Message& message);
// `message`: its present state, for kMessageUpdated; a change of a message that is gone carries a null.
std::string change_frame(const Change& change, const Message* message);
std::string status_frame(const StatusEvent& status);
std::string receipt_frame(const ReceiptEvent& receipt);
std::string typing_frame(const TypingEvent& typing);

}  // namespace c4a
