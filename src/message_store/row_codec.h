#pragma once

// The values of RocksMessageStore; docs/formats/message_store.md has the same as tables.
//
// Every value begins with its format version. `put_…` replaces the buffer's content; `get_…` answers nothing when the
// bytes are damaged or of a newer version. What the key says (ids, positions, users) is not repeated in the value: the
// caller fills it in.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "domain/effects.h"
#include "message_store/message_store.h"

namespace c4a::rocks {

inline constexpr std::uint8_t kRowVersion = 1;

void put_message(std::string& out, const Message& message);
// Without conversation_id and seq.
std::optional<Message> get_message(std::string_view value);
// Reads no further than the header. Without seq.
std::optional<MessageHeader> get_header(std::string_view value);

// In `ids`.
struct IdRow {
  Seq seq;
  TimestampMs created_at = 0;
};
void put_id(std::string& out, const IdRow& row);
std::optional<IdRow> get_id(std::string_view value);

// created_at of a message or of its id, and the time of a move, a reaction, a receipt or a receipt marker: it stands
// right behind the version, so that expiry need not read the rest.
std::optional<TimestampMs> time_of(std::string_view value);

void put_conversation(std::string& out, const Conversation& row);
std::optional<Conversation> get_conversation(std::string_view value);

void put_member(std::string& out, const Member& row);
std::optional<Member> get_member(std::string_view value);

void put_progress(std::string& out, const Progress& row);
std::optional<Progress> get_progress(std::string_view value);

void put_time(std::string& out, TimestampMs at);  // a move, a reaction, a receipt marker: read with time_of

void put_change(std::string& out, const Change& row);
std::optional<Change> get_change(std::string_view value);

void put_receipt(std::string& out, const ReceiptEvent& row);
std::optional<ReceiptEvent> get_receipt(std::string_view value);

void put_device(std::string& out, const Device& row);
std::optional<Device> get_device(std::string_view value);

// One number: a floor, a generation, whether a membership is active, and the numbers in `default`.
void put_number(std::string& out, std::uint64_t number);
std::optional<std::uint64_t> get_number(std::string_view value);

}  // namespace c4a::rocks
