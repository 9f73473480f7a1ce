#include "base/json_writer.h"
#include "domain/frames.h"
#include "operations/conversations.h"

namespace c4a {
namespace {

void write_own(JsonWriter& json, const ConversationView::Own& own) {
  json.key("last_message");
  if (own.last_message) {
    json.begin_object();
    write_message_members(json, *own.last_message);
    json.end_object();
  } else {
    json.null();
  }
  json.member("unread_count", own.unread_count)
      .member("read_up_to_seq", own.read_up_to.value)
      .member("delivered_up_to_seq", own.delivered_up_to.value);
  if (own.left_at) json.member_time("left_at", *own.left_at);
}

}  // namespace

std::string conversation_json(const ConversationView& view) {
  const Conversation& conversation = view.conversation;
  std::string out;
  JsonWriter json(out);
  json.begin_object()
      .member("conversation_id", conversation.id.uuid)
      .member("type", to_text(conversation.type))
      .key("members")
      .begin_array();
  for (const auto& user : view.members) json.value(user.text);
  json.end_array()
      .member("member_count", static_cast<std::uint64_t>(view.member_count))
      .member_raw("metadata", conversation.metadata)
      .member_time("created_at", conversation.created_at)
      .member("last_seq", conversation.last_seq.value)
      .member("version", conversation.version.value);
  if (view.own) write_own(json, *view.own);
  if (view.receipts) {
    json.key("receipts").begin_array();
    for (const auto& receipt : *view.receipts) {
      json.begin_object()
          .member("user_id", receipt.user_id.text)
          .member("delivered_up_to_seq", receipt.delivered_up_to.value)
          .member("read_up_to_seq", receipt.read_up_to.value)
          .end_object();
    }
    json.end_array();
  }
  json.end_object();
  return out;
}

}  // namespace c4a
