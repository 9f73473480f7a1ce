#include "domain/frames.h"

namespace c4a {
namespace {

std::string_view change_type(ChangeType type) {
  switch (type) {
    case ChangeType::kMessageUpdated:
      return "message.updated";
    case ChangeType::kMessageDeleted:
      return "message.deleted";
    case ChangeType::kReactionAdded:
    case ChangeType::kReactionRemoved:
      return "message.reaction";
    case ChangeType::kMemberAdded:
      return "member.added";
    case ChangeType::kMemberUpdated:
      return "member.updated";
    case ChangeType::kMemberRemoved:
      return "member.removed";
    case ChangeType::kConversationUpdated:
      return "conversation.updated";
  }
  return "unknown";
}

std::string status_json(const ConversationId& conversation, const MessageId& message, Seq seq, MessageStatus status,
                        const UserId& user, TimestampMs at) {
  std::string out;
  out.reserve(256);
  JsonWriter json(out);
  json.begin_object()
      .member("type", "status")
      .member("conversation_id", conversation.uuid)
      .member("message_id", message.uuid)
      .member("seq", seq.value)
      .member("status", to_text(status))
      .member("user_id", user.text)
      .member("channel", "in_app")
      .member_time("timestamp", at)
      .end_object();
  return out;
}

}  // namespace

void write_message_members(JsonWriter& json, const Message& message) {
  json.member("message_id", message.message_id.uuid)
      .member("conversation_id", message.conversation_id.uuid)
      .member("seq", message.seq.value)
      .member("from", message.from.text);
  if (message.deleted_at)
    json.key("payload").null();
  else
    json.member_raw("payload", message.payload);
  json.member("channel", "in_app").member_time("created_at", message.created_at);
  if (message.reply_to) json.member("reply_to", message.reply_to->uuid);
  json.member_raw("metadata", message.metadata);
  if (message.edited_at) json.member_time("edited_at", *message.edited_at);
  if (message.deleted_at) json.member_time("deleted_at", *message.deleted_at);
}

void append_message_object(std::string& out, const Message& message) {
  JsonWriter json(out);
  json.begin_object();
  write_message_members(json, message);
  json.end_object();
}

std::string message_frame(const Message& message) {
  std::string out;
  out.reserve(320 + message.payload.size() + message.metadata.size());
  out += R"({"type":"message","message":)";
  append_message_object(out, message);
  out += '}';
  return out;
}

std::string change_frame(const Change& change, const Message* message) {
  std::string out;
  out.reserve(512);
  JsonWriter json(out);
  json.begin_object()
      .member("type", change_type(change.type))
      .member("conversation_id", change.conversation_id.uuid)
      .member("version", change.version.value)
      .member("by", change.by.text)
      .member_time("timestamp", change.at);
  switch (change.type) {
    case ChangeType::kMessageUpdated:
      json.key("message");
      if (message == nullptr) {
        json.null();
      } else {
        std::string object;
        append_message_object(object, *message);
        json.raw(object);
      }
      break;
    case ChangeType::kReactionAdded:
    case ChangeType::kReactionRemoved:
      json.member("message_id", change.message_id.uuid).member("seq", change.seq.value).member("emoji", change.emoji);
      json.member("action", change.type == ChangeType::kReactionAdded ? "added" : "removed");
      json.member("user_id", change.by.text);
      break;
    case ChangeType::kMessageDeleted:
      json.member("message_id", change.message_id.uuid).member("seq", change.seq.value);
      break;
    case ChangeType::kMemberAdded:
    case ChangeType::kMemberUpdated:
      json.member("user_id", change.user_id.text).member("role", to_text(change.role));
      break;
    case ChangeType::kMemberRemoved:
      json.member("user_id", change.user_id.text);
      break;
    case ChangeType::kConversationUpdated:
      json.member_raw("metadata", change.metadata);
      break;
  }
  json.end_object();
  return out;
}

std::string status_frame(const StatusEvent& s) {
  return status_json(s.conversation_id, s.message_id, s.seq, s.status, s.user_id, s.at);
}

std::string receipt_frame(const ReceiptEvent& r) {
  return status_json(r.conversation_id, r.message_id, r.seq, r.status, r.user_id, r.at);
}

std::string typing_frame(const TypingEvent& typing) {
  std::string out;
  JsonWriter json(out);
  json.begin_object()
      .member("type", "typing")
      .member("conversation_id", typing.conversation_id.uuid)
      .member("user_id", typing.user_id.text)
      .end_object();
  return out;
}

}  // namespace c4a
