#include "message_log/command_codec.h"

#include <fmt/format.h>

#include "base/field_codec.h"

namespace c4a {
namespace {

constexpr std::uint8_t kVersion = 1;

void describe(auto& way, Of<UserId> auto& user) { way.text(user.text); }
void describe(auto& way, Of<DeviceId> auto& device) { way.text(device.text); }
template <class Tag>
void describe(auto& way, TypedUuid<Tag>& id) {
  way.bytes(id.uuid.bytes);
}
template <class Tag>
void describe(auto& way, const TypedUuid<Tag>& id) {
  way.bytes(id.uuid.bytes);
}
template <class Tag>
void describe(auto& way, Position<Tag>& position) {
  way.number(position.value);
}
template <class Tag>
void describe(auto& way, const Position<Tag>& position) {
  way.number(position.value);
}
void describe(auto& way, Of<std::string> auto& text) { way.text(text); }

// For the elements of lists and optionals.
auto each(auto& way) {
  return [&way](auto& item) { describe(way, item); };
}

void describe(auto& way, Of<Message> auto& message) {
  describe(way, message.message_id);
  describe(way, message.from);
  describe(way, message.from_device);
  way.time(message.created_at);
  way.choice(message.payload_type, PayloadType::kFile);
  way.text(message.payload);
  way.text(message.metadata);
  way.maybe(message.reply_to, each(way));
  way.list(message.to, each(way));
  way.maybe(message.channels, [&way](auto& names) { way.list(names, each(way)); });
  way.flag(message.request_delivery_receipt);
  way.bytes(message.digest);
  way.bytes(message.trace_id);
}

void describe(auto& way, Of<CreateConversation> auto& create) {
  way.choice(create.type, ConversationType::kGroup);
  way.list(create.members, each(way));
  way.text(create.metadata);
}
void describe(auto& way, Of<SendMessage> auto& send) {
  describe(way, send.message);
  way.flag(send.id_from_client);
}
void describe(auto& way, Of<EditMessage> auto& edit) {
  describe(way, edit.message_id);
  way.choice(edit.payload_type, PayloadType::kFile);
  way.text(edit.payload);
}
void describe(auto& way, Of<DeleteMessage> auto& erase) { describe(way, erase.message_id); }
void describe(auto& way, Of<ReactToMessage> auto& reaction) {
  describe(way, reaction.message_id);
  way.text(reaction.emoji);
  way.flag(reaction.add);
}
void describe(auto& way, Of<Acknowledge> auto& ack) {
  describe(way, ack.device);
  describe(way, ack.up_to_seq);
  describe(way, ack.up_to_version);
  way.flag(ack.read);
}
void describe(auto& way, Of<OpenDevice> auto& open) {
  describe(way, open.device);
  way.list(open.retired, each(way));
}
void describe(auto& way, Of<AddMember> auto& add) {
  describe(way, add.user_id);
  way.choice(add.role, Role::kOwner);
  way.flag(add.sees_history);
}
void describe(auto& way, Of<UpdateMember> auto& update) {
  describe(way, update.user_id);
  way.choice(update.role, Role::kOwner);
}
void describe(auto& way, Of<RemoveMember> auto& remove) {
  describe(way, remove.user_id);
  way.flag(remove.user_deleted);
}
void describe(auto& way, Of<UpdateConversation> auto& update) { way.text(update.metadata_patch); }
void describe(auto&, Of<DeleteConversation> auto&) {}
void describe(auto&, Of<Typing> auto&) {}

// All but the request, whose kind is its place in the variant.
void describe_head(auto& way, auto& command, auto& reply) {
  describe(way, command.conversation_id);
  describe(way, command.actor);
  way.time(command.at);
  way.number(command.session);
  way.number(reply.gateway);
  way.number(reply.request);
}

template <std::size_t Kind = 0>
bool read_request(FieldReader& in, std::uint8_t kind, Request& request) {
  if constexpr (Kind < std::variant_size_v<Request>) {
    if (kind != Kind) return read_request<Kind + 1>(in, kind, request);
    describe(in, request.emplace<Kind>());
    return true;
  } else {
    return false;
  }
}

}  // namespace

std::string encode_command(const Command& command, const ReplyAddress& reply) {
  std::string bytes;
  bytes.reserve(512);
  bytes.push_back(static_cast<char>(kVersion));
  bytes.push_back(static_cast<char>(command.request.index()));
  FieldWriter out(bytes);
  describe_head(out, command, reply);
  std::visit([&](const auto& request) { describe(out, request); }, command.request);
  return bytes;
}

Result<EncodedCommand> decode_command(std::string_view bytes) {
  ByteReader reader(bytes);
  if (const std::uint8_t version = reader.u8(); version != kVersion) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("The command is of format {}; this program reads {}.", version, kVersion));
  }
  const std::uint8_t kind = reader.u8();
  EncodedCommand decoded;
  FieldReader in(reader);
  describe_head(in, decoded.command, decoded.reply);
  if (!read_request(in, kind, decoded.command.request)) {
    return fail(ErrorCode::kCorrupt, fmt::format("The command is of an unknown kind, {}.", kind));
  }
  if (!reader.done()) return fail(ErrorCode::kCorrupt, "The command's bytes are damaged.");
  return decoded;
}

}  // namespace c4a
