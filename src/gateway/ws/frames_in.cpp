#include "gateway/ws/frames_in.h"

#include <fmt/format.h>

namespace c4a {
namespace {

constexpr std::size_t kMaxTokenBytes = 8192;
constexpr std::size_t kMaxRefBytes = 256;

Result<FrameIn> read_auth(JsonFields& fields) {
  AuthFrame frame;
  if (const auto token = fields.text("token", JsonFields::kRequired, 0, kMaxTokenBytes)) frame.token = *token;
  if (const auto text = fields.text("device_id", JsonFields::kOptional, 0, 128)) {
    const auto device = DeviceId::parse(*text);
    if (device)
      frame.device = *device;
    else
      fields.complain("device_id", "must have printable ASCII characters");
  }
  return frame;
}

Result<FrameIn> read_ack(JsonFields& fields, bool read) {
  AckFrame frame;
  frame.read = read;
  if (const auto id = fields.uuid("conversation_id", JsonFields::kRequired)) frame.conversation = {*id};
  // A device may have nothing but changes to acknowledge.
  const bool versions_only = !read && fields.any("up_to_version").has_value();
  const auto seq = fields.integer("up_to_seq", versions_only ? JsonFields::kOptional : JsonFields::kRequired);
  frame.up_to_seq = Seq{seq.value_or(0)};
  frame.up_to_version = Version{fields.integer("up_to_version", JsonFields::kOptional).value_or(0)};
  return frame;
}

Result<FrameIn> read_watch(JsonFields& fields) {
  WatchFrame frame;
  const auto list = fields.array("user_ids", JsonFields::kRequired);
  if (!list) return frame;
  if (list->size() > kMaxWatched) {
    fields.complain("user_ids", fmt::format("may hold at most {} users", kMaxWatched));
    return frame;
  }
  for (const JsonElement element : *list) {
    std::string_view text;
    std::optional<UserId> user;
    if (element.get_string().get(text) == simdjson::SUCCESS) user = UserId::parse(text);
    if (user)
      frame.users.push_back(std::move(*user));
    else
      fields.complain("user_ids", std::string(kUserIdRule));
  }
  return frame;
}

Result<FrameIn> read_typed(JsonFields& fields, std::string_view type) {
  if (type == "delivered") return read_ack(fields, false);
  if (type == "read") return read_ack(fields, true);
  if (type == "ping") return PingFrame{};
  if (type == "auth") return read_auth(fields);
  if (type == "watch") return read_watch(fields);
  if (type == "typing") {
    const auto id = fields.uuid("conversation_id", JsonFields::kRequired);
    return TypingFrame{id ? ConversationId{*id} : ConversationId{}};
  }
  return fail_field("/type", "must be auth, send, delivered, read, typing, watch or ping");
}

}  // namespace

std::expected<FrameIn, BadFrame> read_frame(std::string_view text) {
  const auto object = parse_json_object(text);
  if (!object) return std::unexpected(BadFrame{object.error(), {}});
  JsonFields fields(*object);
  const auto type = fields.text("type", JsonFields::kRequired, 0, 64);
  if (!type) return std::unexpected(BadFrame{std::move(fields).error(), {}});
  if (*type == "send") {
    SendFrame frame;
    if (const auto ref = fields.any("ref"); ref && !ref->is_null()) frame.ref = compact_json(*ref);
    if (frame.ref.size() > kMaxRefBytes) {
      fields.complain("ref", fmt::format("may have {} bytes", kMaxRefBytes));
      frame.ref.clear();
    }
    if (const auto message = fields.object("message", JsonFields::kRequired)) frame.message = *message;
    if (!fields.ok()) return std::unexpected(BadFrame{std::move(fields).error(), std::move(frame.ref)});
    return frame;
  }
  auto frame = read_typed(fields, *type);
  if (!frame) return std::unexpected(BadFrame{std::move(frame.error()), {}});
  if (!fields.ok()) return std::unexpected(BadFrame{std::move(fields).error(), {}});
  return std::move(*frame);
}

}  // namespace c4a
