#pragma once

// Rows for the tests of message stores: short to write, equal on every run.

#include <fmt/format.h>

#include <string>

#include "domain/effects.h"

namespace c4a::test {

inline ConversationId conversation_id(int number) { return {Uuid::from_name(fmt::format("conversation {}", number))}; }
inline MessageId message_id(int number) { return {Uuid::from_name(fmt::format("message {}", number))}; }

inline constexpr TimestampMs kStart = 1'700'000'000'000;

// Message `seq` of a conversation: created at kStart + seq, its id numbered conversation * 1'000'000 + seq.
inline Message message(int conversation, std::uint64_t seq, const std::string& from = "alice") {
  Message message;
  message.conversation_id = conversation_id(conversation);
  message.message_id = message_id(conversation * 1'000'000 + static_cast<int>(seq));
  message.seq = {seq};
  message.from = {from};
  message.created_at = kStart + static_cast<TimestampMs>(seq);
  message.routed_at = message.created_at + 2;
  message.payload = fmt::format(R"({{"type":"text","text":"number {}"}})", seq);
  return message;
}

inline Conversation conversation(int number) {
  Conversation row;
  row.id = conversation_id(number);
  row.created_by = {"alice"};
  row.created_at = kStart;
  row.version = {1};
  return row;
}

inline MemberRow member(int conversation, const std::string& user, Role role = Role::kMember) {
  MemberRow row{conversation_id(conversation), {}};
  row.member.user_id = {user};
  row.member.role = role;
  row.member.joined_at = kStart;
  return row;
}

inline ProgressRow progress(int conversation, const std::string& user, std::uint64_t delivered, std::uint64_t read) {
  ProgressRow row{conversation_id(conversation), {user}, {}};
  row.progress.delivered = {delivered};
  row.progress.read = {read};
  row.progress.devices = {{{"phone"}, {delivered}, {1}}};
  return row;
}

inline HorizonMove move(int conversation, const std::string& user, HorizonMove::Kind kind, std::uint64_t up_to) {
  return {conversation_id(conversation), {user}, kind, {up_to}, kStart + static_cast<TimestampMs>(up_to)};
}

inline Change change(int conversation, std::uint64_t version, ChangeType type = ChangeType::kConversationUpdated) {
  Change row;
  row.conversation_id = conversation_id(conversation);
  row.version = {version};
  row.type = type;
  row.by = {"alice"};
  row.at = kStart + static_cast<TimestampMs>(version);
  row.metadata = "{}";
  return row;
}

inline ReactionRow reaction(int conversation, std::uint64_t seq, const std::string& emoji, const std::string& user,
                            bool present = true) {
  return {conversation_id(conversation), {seq}, {emoji, {user}, kStart}, present};
}

inline ReceiptEvent receipt(const std::string& sender, std::uint64_t position, std::uint32_t index) {
  ReceiptEvent row;
  row.sender = {sender};
  row.position = {position};
  row.index = index;
  row.conversation_id = conversation_id(1);
  row.message_id = message_id(1);
  row.seq = {position};
  row.user_id = {"bob"};
  row.status = MessageStatus::kRead;
  row.at = kStart;
  return row;
}

// A conversation of alice and bob with messages 1 to `messages`.
inline Rows small_conversation(int number, std::uint64_t messages) {
  Rows rows;
  rows.conversations = {conversation(number)};
  rows.members = {member(number, "alice", Role::kOwner), member(number, "bob")};
  for (std::uint64_t seq = 1; seq <= messages; ++seq) rows.messages.push_back(message(number, seq));
  return rows;
}

}  // namespace c4a::test
