#include "gateway/http/call.h"

#include <algorithm>
#include <charconv>

#include "base/encoding.h"

namespace c4a {
namespace {

bool is_json(std::string_view content_type) {
  const auto semicolon = content_type.find(';');
  std::string type(content_type.substr(0, semicolon));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  std::ranges::transform(type, type.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return type == "application/json" || (type.starts_with("application/") && type.ends_with("+json"));
}

}  // namespace

Result<DeviceId> Call::device() const {
  const auto device = DeviceId::parse(device_id);
  if (!device) return fail_field("X-Device-Id", "must have at most 128 printable ASCII characters");
  return *device;
}

Result<JsonObject> Call::json() const {
  if (!content_type.empty() && !is_json(content_type)) {
    return fail(ErrorCode::kUnsupportedMediaType, "Send JSON, with the header Content-Type: application/json.");
  }
  return parse_json_object(body);
}

Result<JsonObject> Call::json_or_empty() const {
  if (!body.empty()) return json();
  return parse_json_object("{}");
}

Result<std::optional<std::string>> Call::parameter(std::string_view name) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    const auto end = rest.find('&');
    const std::string_view pair = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    const auto equals = pair.find('=');
    const auto key = percent_decode(pair.substr(0, equals), true);
    if (!key || *key != name) continue;
    auto value = percent_decode(equals == std::string_view::npos ? "" : pair.substr(equals + 1), true);
    if (!value) return fail(ErrorCode::kBadRequest, "The query holds a broken percent-encoding.");
    if (!simdjson::validate_utf8(*value) || value->find('\0') != std::string::npos) {
      return fail_field("?" + std::string(name), "must be UTF-8 without NUL");
    }
    return std::optional(std::move(*value));
  }
  return std::optional<std::string>{};
}

Result<std::optional<std::uint64_t>> Call::number(std::string_view name) const {
  C4A_TRY(const auto text, parameter(name));
  if (!text) return std::optional<std::uint64_t>{};
  std::uint64_t number = 0;
  const auto end = std::from_chars(text->data(), text->data() + text->size(), number);
  if (text->empty() || end.ec != std::errc() || end.ptr != text->data() + text->size() || number > INT64_MAX) {
    return fail_field("?" + std::string(name), "must be a whole number that is not negative");
  }
  return std::optional(number);
}

Result<PageRequest> Call::page() const {
  PageRequest page;
  const auto limit = number("limit");
  if (!limit || (*limit && (**limit < 1 || **limit > 200))) {
    return fail_field("?limit", "must be a whole number from 1 to 200");
  }
  if (*limit) page.limit = **limit;
  C4A_TRY(page.cursor, parameter("cursor"));
  return page;
}

Result<ConversationId> Call::conversation_param(std::size_t index) const {
  const auto id = ConversationId::parse(params[index]);
  if (!id) {
    return fail(ErrorCode::kConversationNotFound, "There is no such conversation, or you are not in it.");
  }
  return *id;
}

Result<MessageId> Call::message_param(std::size_t index) const {
  const auto id = MessageId::parse(params[index]);
  if (!id) return fail(ErrorCode::kMessageNotFound, "There is no such message, or it is not yours to see.");
  return *id;
}

Result<UserId> Call::user_param(std::size_t index) const {
  const auto id = UserId::parse(params[index]);
  if (!id) return fail(ErrorCode::kUserNotFound, "There is no such user, or they are not yours to see.");
  return *id;
}

Call make_call(const net::HttpRequest& request) {
  Call call;
  call.method = request.method;
  call.path = request.path;
  call.query = request.query;
  call.body = request.body;
  for (const auto& [name, value] : request.headers) {
    const auto is = [&field = name](std::string_view wanted) {
      return std::ranges::equal(field, wanted, [](unsigned char a, unsigned char b) { return std::tolower(a) == b; });
    };
    if (is("content-type"))
      call.content_type = value;
    else if (is("authorization"))
      call.authorization = value;
    else if (is("x-act-as"))
      call.act_as = value;
    else if (is("x-device-id"))
      call.device_id = value;
    else if (is("idempotency-key"))
      call.idempotency_key = value;
    else if (is("origin"))
      call.origin = value;
    else if (is("host"))
      call.host = value;
  }
  call.client_address = request.peer_ip;
  call.local = request.local;
  call.secure = request.secure;
  call.trace = continue_trace(request.header("traceparent").value_or(""));
  return call;
}

}  // namespace c4a
