#include <fmt/format.h>

#include "base/encoding.h"
#include "base/json_writer.h"
#include "gateway/http/fast_reply.h"
#include "gateway/http/responses.h"
#include "gateway/http/routes.h"
#include "operations/send_message.h"
#include "router/submit.h"

namespace c4a {
namespace {

std::string receipt_json(const ConversationId& conversation, const Decision& decision) {
  std::string out;
  out.reserve(224);
  JsonWriter json(out);
  json.begin_object().member("message_id", decision.message_id.uuid).member("conversation_id", conversation.uuid);
  if (decision.decided) json.member("seq", decision.seq.value);
  json.member("status", "SENT")
      .member_time("created_at", decision.created_at)
      .member("duplicate", decision.duplicate)
      .end_object();
  return out;
}

// 429 with the headers of draft-ietf-httpapi-ratelimit-headers.
net::HttpResponse too_many_sends(const MessageRoutes& self, const Call& call, int retry_after_s) {
  auto response =
      problem_response({ErrorCode::kRateLimited, "Too many sends; wait a moment, then send again.", {}, retry_after_s},
                       call.request_id, call.path);
  response.headers.emplace_back("RateLimit", fmt::format("\"sends\";r=0;t={}", retry_after_s));
  response.headers.emplace_back("RateLimit-Policy", fmt::format("\"sends\";q={};w=1", self.sends_per_second));
  return response;
}

// POST /v1/messages, on the event loop: parse, append, and answer when the router has decided.
void send_message(MessageRoutes& self, Call& call, const FastReply& reply) {
  const auto user = call.user();
  if (!user) return reply.send(std::unexpected(user.error()));
  if (call.caller().kind == Identity::Kind::kUser) {
    const auto verdict = self.sends.take(user->text, self.clock.monotonic_us());
    if (!verdict.allowed) return reply.send(too_many_sends(self, call, verdict.retry_after_s));
  }
  if (const auto room = self.log.admits_send(); !room) return reply.send(std::unexpected(room.error()));
  const auto device = call.device();
  if (!device) return reply.send(std::unexpected(device.error()));
  const auto body = call.json();
  if (!body) return reply.send(std::unexpected(body.error()));
  auto command = read_send(*body, {*user, *device, self.clock.now_ms(), 0, call.trace.trace_id, {}});
  if (!command) return reply.send(std::unexpected(command.error()));
  const ConversationId conversation = command->conversation_id;
  auto done = [reply, conversation](Result<Decision> decision) mutable {
    // The router's thread goes on with its batch; the answer is made on the loop.
    net::EventLoop& loop = reply.loop();
    loop.post([reply = std::move(reply), conversation, decision = std::move(decision)] {
      if (!decision) return reply.send(std::unexpected(decision.error()));
      reply.send(json_response(decision->duplicate ? 200 : 202, receipt_json(conversation, *decision)));
    });
  };
  if (const auto taken = self.log.append(std::move(*command), std::move(done)); !taken) {
    reply.send(std::unexpected(taken.error()));
  }
}

Result<std::optional<ConversationId>> chosen_conversation(const Call& call) {
  C4A_TRY(const auto text, call.parameter("conversation_id"));
  if (!text) return std::optional<ConversationId>{};
  const auto id = ConversationId::parse(*text);
  if (!id) return fail_field("?conversation_id", "must be a UUID");
  return std::optional(*id);
}

// A change of one message: finds it, and lets the router decide.
Result<Decision> change_message(MessageRoutes& self, const Call& call, const MessageId& id, Request request) {
  C4A_TRY(const auto user, call.user());
  C4A_TRY(const auto chosen, chosen_conversation(call));
  C4A_TRY(const auto located, locate_message(self.store, id, user, chosen));
  const Command command{located.message.conversation_id, user, self.clock.now_ms(), 0, std::move(request)};
  return submit(self.log, command);
}

Result<net::HttpResponse> edit(MessageRoutes& self, const Call& call) {
  C4A_TRY(const auto id, call.message_param(0));
  C4A_TRY(const auto body, call.json());
  C4A_TRY(auto edit, read_edit(body, id));
  C4A_CHECK(change_message(self, call, id, std::move(edit)));
  C4A_TRY(const auto user, call.user());
  C4A_TRY(const auto chosen, chosen_conversation(call));
  C4A_TRY(auto json, self.history.message(user, id, chosen));
  return json_response(200, std::move(json));
}

Result<net::HttpResponse> react(MessageRoutes& self, const Call& call, bool add) {
  C4A_TRY(const auto id, call.message_param(0));
  const std::string& emoji = call.params[1];
  const bool valid = !emoji.empty() && simdjson::validate_utf8(emoji) && count_code_points(emoji) <= 64 &&
                     std::ranges::none_of(emoji, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
  if (!valid) return fail_field("emoji", "must be an emoji, or a text of at most 64 characters");
  C4A_CHECK(change_message(self, call, id, ReactToMessage{id, emoji, add}));
  return no_content();
}

using Read = Result<std::string> (History::*)(const UserId&, const MessageId&, const std::optional<ConversationId>&);

Result<net::HttpResponse> read(MessageRoutes& self, const Call& call, Read what) {
  C4A_TRY(const auto id, call.message_param(0));
  C4A_TRY(const auto chosen, chosen_conversation(call));
  C4A_TRY(const auto user, call.user());
  C4A_TRY(auto json, (self.history.*what)(user, id, chosen));
  return json_response(200, std::move(json));
}

}  // namespace

void MessageRoutes::add(RouteTable& table) {
  auto self = std::make_shared<MessageRoutes>(*this);
  table.add(
      {"POST", "/v1/messages", Access::kUser, Scope::kMessages, false, {}, [self](Call& call, const FastReply& reply) {
         send_message(*self, call, reply);
       }});
  const auto route = [&](const char* method, const char* pattern, auto handle) {
    table.add({method,
               pattern,
               Access::kUser,
               Scope::kMessages,
               false,
               [self, handle](Call& call) -> Result<net::HttpResponse> { return handle(*self, call); },
               {}});
  };
  route("GET", "/v1/messages/{id}",
        [](MessageRoutes& routes, const Call& call) { return read(routes, call, &History::message); });
  route("GET", "/v1/messages/{id}/status/history",
        [](MessageRoutes& routes, const Call& call) { return read(routes, call, &History::status_history); });
  route("GET", "/v1/messages/{id}/timeline",
        [](MessageRoutes& routes, const Call& call) { return read(routes, call, &History::timeline); });
  route("PATCH", "/v1/messages/{id}", edit);
  route("DELETE", "/v1/messages/{id}", [](MessageRoutes& routes, const Call& call) -> Result<net::HttpResponse> {
    C4A_TRY(const auto id, call.message_param(0));
    C4A_CHECK(change_message(routes, call, id, DeleteMessage{id}));
    return no_content();
  });
  route("PUT", "/v1/messages/{id}/reactions/{emoji}",
        [](MessageRoutes& routes, const Call& call) { return react(routes, call, true); });
  route("DELETE", "/v1/messages/{id}/reactions/{emoji}",
        [](MessageRoutes& routes, const Call& call) { return react(routes, call, false); });
  route("GET", "/v1/search", [](MessageRoutes& routes, const Call& call) -> Result<net::HttpResponse> {
    C4A_TRY(const auto page, call.page());
    C4A_TRY(const auto query, call.parameter("q"));
    C4A_TRY(const auto user, call.user());
    C4A_TRY(auto json, routes.search.find(user, query.value_or(""), page));
    return json_response(200, std::move(json));
  });
}

}  // namespace c4a
