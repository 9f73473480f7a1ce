#include "presence/bus_frame.h"

#include "base/field_codec.h"

namespace c4a {
namespace {

constexpr std::uint8_t kVersion = 2;
constexpr std::uint8_t kLiveItem = 1;
constexpr std::uint8_t kDecisionItem = 2;
constexpr std::uint8_t kErrorItem = 3;

void describe(auto& way, Of<FieldError> auto& field) {
  way.text(field.pointer);
  way.text(field.detail);
}

void describe(auto& way, Of<LiveEvent> auto& event) {
  way.bytes(event.conversation.uuid.bytes);
  way.number(event.seq.value);
  way.number(event.version.value);
  way.text(event.also.text);
  way.text(event.not_to.text);
  way.number(event.except);
  way.number(event.position.value);
}

void describe(auto& way, Of<Decision> auto& decision) {
  way.bytes(decision.message_id.uuid.bytes);
  way.number(decision.seq.value);
  way.number(decision.version.value);
  way.flag(decision.duplicate);
  way.flag(decision.changed);
  way.time(decision.created_at);
}

void describe(auto& way, Of<Error> auto& error) {
  way.text(error.detail);
  way.list(error.fields, [&way](auto& field) { describe(way, field); });
}

LiveEvent read_live(ByteReader& reader) {
  FieldReader in(reader);
  LiveEvent event;
  event.kind = static_cast<LiveKind>(std::min<std::uint8_t>(reader.u8(), 3));
  describe(in, event);
  if (const std::uint64_t receipt = reader.varint(); receipt != 0) {
    event.receipt = static_cast<std::uint32_t>(receipt - 1);
  }
  if (const std::size_t count = reader.count(); count != 0) {
    auto users = std::make_shared<std::vector<UserId>>(count - 1);
    for (auto& user : *users) user.text = reader.text();
    event.audience = std::move(users);
  }
  event.frame = std::make_shared<const std::string>(reader.text());
  return event;
}

Error read_error(ByteReader& reader) {
  FieldReader in(reader);
  Error error;
  const std::uint8_t code = reader.u8();
  if (code >= all_errors().size()) reader.damage();
  error.code = static_cast<ErrorCode>(std::min<std::size_t>(code, all_errors().size() - 1));
  describe(in, error);
  if (const std::uint64_t after = reader.varint(); after != 0) error.retry_after_s = static_cast<int>(after - 1);
  return error;
}

}  // namespace

void append_live(std::string& items, const LiveEvent& event) {
  ByteWriter writer(items);
  writer.u8(kLiveItem);
  writer.u8(static_cast<std::uint8_t>(event.kind));
  FieldWriter out(items);
  describe(out, event);
  writer.varint(event.receipt ? std::uint64_t{*event.receipt} + 1 : 0);
  // 0: no audience at all.
  writer.varint(event.audience ? event.audience->size() + 1 : 0);
  if (event.audience) {
    for (const auto& user : *event.audience) writer.text(user.text);
  }
  writer.text(event.frame ? *event.frame : std::string());
}

void append_decision(std::string& items, std::uint64_t request, const Result<Decision>& decision) {
  ByteWriter writer(items);
  writer.u8(decision ? kDecisionItem : kErrorItem);
  writer.varint(request);
  FieldWriter out(items);
  if (decision) {
    describe(out, *decision);
    return;
  }
  const Error& error = decision.error();
  writer.u8(static_cast<std::uint8_t>(error.code));
  describe(out, error);
  writer.varint(error.retry_after_s ? static_cast<std::uint64_t>(*error.retry_after_s) + 1 : 0);
}

std::string bus_frame(const BusFrameHead& head, std::string_view items) {
  std::string bytes;
  bytes.reserve(items.size() + 24);
  ByteWriter writer(bytes);
  writer.u8(kVersion);
  writer.varint(head.router);
  writer.varint(head.counter);
  writer.raw(items);
  return bytes;
}

Result<> read_bus_frame(std::string_view bytes, const std::function<void(const BusFrameHead&)>& on_head,
                        GatewayInbox& inbox) {
  ByteReader reader(bytes);
  if (reader.u8() != kVersion) return fail(ErrorCode::kCorrupt, "A bus frame is of another version.");
  const std::uint64_t router = reader.varint();
  on_head({router, reader.varint()});
  while (!reader.done() && !reader.damaged()) {
    const std::uint8_t kind = reader.u8();
    if (kind == kLiveItem) {
      auto event = read_live(reader);
      if (!reader.damaged()) inbox.live(std::move(event));
      continue;
    }
    if (kind != kDecisionItem && kind != kErrorItem) {
      reader.damage();
      break;
    }
    const std::uint64_t request = reader.varint();
    FieldReader in(reader);
    Decision decision;
    if (kind == kDecisionItem) describe(in, decision);
    Result<Decision> result = decision;
    if (kind == kErrorItem) result = std::unexpected(read_error(reader));
    if (!reader.damaged()) inbox.decided(request, std::move(result));
  }
  if (reader.damaged()) return fail(ErrorCode::kCorrupt, "A bus frame is damaged.");
  return {};
}

}  // namespace c4a
