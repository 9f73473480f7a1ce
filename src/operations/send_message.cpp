#include "operations/send_message.h"

#include <fmt/format.h>

#include <algorithm>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/json_writer.h"

namespace c4a {
namespace {

constexpr std::size_t kMaxTextCharacters = 10'000;
constexpr std::size_t kMaxMetadataBytes = 16 * 1024;

std::optional<ReadPayload> read_text_payload(JsonFields& fields, JsonFields& outer) {
  const auto text = fields.text("text", JsonFields::kRequired, 1, kMaxTextCharacters);
  std::ranges::move(fields.errors(), std::back_inserter(outer.errors()));
  if (!text) return std::nullopt;
  ReadPayload payload;
  payload.json.reserve(text->size() + 32);
  payload.json = R"({"type":"text","text":)";
  append_json_string(payload.json, *text);
  payload.json += '}';
  return payload;
}

// One user, or a list of them; in order and each once, so that equal recipients compare equal.
void read_recipients(JsonFields& fields, Message& message) {
  const auto to = fields.any("to");
  if (!to || to->is_null()) return;
  const auto add = [&](JsonElement element, const std::string& name) {
    std::string_view text;
    std::optional<UserId> user;
    if (element.get_string().get(text) == simdjson::SUCCESS) user = UserId::parse(text);
    if (user)
      message.to.push_back(std::move(*user));
    else
      fields.errors().push_back({"/" + name, std::string(kUserIdRule)});
  };
  JsonArray list;
  if (to->get_array().get(list) != simdjson::SUCCESS) {
    add(*to, "to");
    return;
  }
  if (list.size() == 0) fields.complain("to", "must name at least one member; leave it out for all the others");
  if (list.size() > kMaxGroupMembers) {
    fields.complain("to", fmt::format("may name at most {} members", kMaxGroupMembers));
    return;
  }
  std::size_t index = 0;
  for (const JsonElement element : list) add(element, fmt::format("to/{}", index++));
  std::ranges::sort(message.to);
  const auto repeated = std::ranges::unique(message.to);
  message.to.erase(repeated.begin(), repeated.end());
}

Result<> read_channels(JsonFields& fields, std::span<const std::string> known, Message& message) {
  const auto channels = fields.array("channels", JsonFields::kOptional);
  if (!channels) return {};
  std::vector<std::string> names;
  for (const JsonElement element : *channels) {
    std::string_view name;
    if (element.get_string().get(name) != simdjson::SUCCESS) {
      fields.complain("channels", "must be a list of channel names");
      return {};
    }
    names.emplace_back(name);
  }
  if (names.size() == 1 && names[0] == "all") return {};
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == "all") {
      fields.complain("channels", "may hold \"all\" only alone");
      return {};
    }
    if (std::ranges::find(known, names[i]) == known.end()) {
      const std::string list =
          known.empty() ? "none is set up here" : fmt::format("known are {}", fmt::join(known, ", "));
      return fail_field(fmt::format("/channels/{}", i), fmt::format("is no channel; {}", list),
                        ErrorCode::kUnknownChannel);
    }
  }
  std::ranges::sort(names);
  const auto repeated = std::ranges::unique(names);
  names.erase(repeated.begin(), repeated.end());
  message.channels = std::move(names);
  return {};
}

void read_metadata(JsonFields& fields, Message& message, std::string& canonical) {
  const auto metadata = fields.object("metadata", JsonFields::kOptional);
  canonical = "{}";
  if (!metadata || metadata->size() == 0) return;
  message.metadata = compact_json(*metadata);
  if (message.metadata.size() > kMaxMetadataBytes) {
    fields.complain("metadata", fmt::format("may have {} bytes", kMaxMetadataBytes));
    return;
  }
  canonical.clear();
  append_canonical_json(canonical, *metadata);
}

// Everything that makes two sends the same one. The separator stands in no user id and no canonical JSON.
ContentDigest digest_of(const Message& message, const std::string& canonical_metadata) {
  std::string content = message.from.text;
  for (const auto& user : message.to) content += '\x01' + user.text;
  content += '\x02';
  if (message.channels) {
    content += '!';
    for (const auto& channel : *message.channels) content += '\x01' + channel;
  }
  content += '\x02';
  content += message.payload;
  content += '\x02';
  if (message.reply_to) content += message.reply_to->view();
  content += '\x02';
  content += canonical_metadata;
  const XXH128_hash_t hash = XXH3_128bits(content.data(), content.size());
  ContentDigest digest;
  std::memcpy(digest.data(), &hash.high64, 8);
  std::memcpy(digest.data() + 8, &hash.low64, 8);
  return digest;
}

}  // namespace

std::optional<ReadPayload> read_payload(JsonFields& fields) {
  const auto object = fields.object("payload", JsonFields::kRequired);
  if (!object) return std::nullopt;
  JsonFields payload(*object, "/payload");
  const auto type = payload.text("type", JsonFields::kRequired, 1, 64);
  if (type && *type == "text") return read_text_payload(payload, fields);
  if (type && *type == "file") {
    payload.uuid("file_id", JsonFields::kRequired);
    payload.text("caption", JsonFields::kOptional, 0, kMaxTextCharacters);
    if (payload.ok()) payload.complain("file_id", "names no file; upload it first");
  } else if (type) {
    payload.complain("type", "must be \"text\" or \"file\"");
  }
  std::ranges::move(payload.errors(), std::back_inserter(fields.errors()));
  return std::nullopt;
}

Result<Command> read_send(JsonObject body, const SendContext& context) {
  JsonFields fields(body);
  SendMessage send;
  Message& message = send.message;
  const auto conversation = fields.uuid("conversation_id", JsonFields::kRequired);
  const auto id = fields.uuid("message_id", JsonFields::kOptional);
  send.id_from_client = id.has_value();
  message.message_id = id ? MessageId{*id} : MessageId::v7(context.now);
  if (const auto from = fields.text("from", JsonFields::kOptional, 0, 64); from && *from != context.actor.text) {
    fields.complain("from", "must be you, or the user for whom the key acts");
  }
  message.from = context.actor;
  message.from_device = context.device;
  message.created_at = context.now;
  message.trace_id = context.trace_id;
  read_recipients(fields, message);
  C4A_CHECK(read_channels(fields, context.channels, message));
  auto payload = read_payload(fields);
  message.request_delivery_receipt = fields.boolean("request_delivery_receipt").value_or(false);
  if (const auto reply_to = fields.uuid("reply_to", JsonFields::kOptional)) message.reply_to = MessageId{*reply_to};
  std::string canonical_metadata;
  read_metadata(fields, message, canonical_metadata);
  if (!fields.ok()) return fail(std::move(fields).error());

  message.payload_type = payload->type;
  message.payload = std::move(payload->json);
  message.digest = digest_of(message, canonical_metadata);
  return Command{ConversationId{*conversation}, context.actor, context.now, context.session, std::move(send)};
}

Result<EditMessage> read_edit(JsonObject body, const MessageId& message_id) {
  JsonFields fields(body);
  auto payload = read_payload(fields);
  if (!fields.ok()) return fail(std::move(fields).error());
  return EditMessage{message_id, payload->type, std::move(payload->json)};
}

}  // namespace c4a
