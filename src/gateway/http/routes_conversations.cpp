#include <fmt/format.h>

#include "base/json_writer.h"
#include "gateway/http/responses.h"
#include "gateway/http/routes.h"

namespace c4a {
namespace {

constexpr std::size_t kMaxMetadataBytes = 16 * 1024;

template <class Page, class Write>
std::string list_json(const Page& page, Write write) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("items").begin_array();
  for (const auto& item : page.items) json.raw(write(item));
  json.end_array().key("next_cursor");
  if (page.next_cursor)
    json.value(*page.next_cursor);
  else
    json.null();
  json.end_object();
  return out;
}

std::string member_json(const Member& member, const Version* version) {
  std::string out;
  JsonWriter json(out);
  json.begin_object()
      .member("user_id", member.user_id.text)
      .member("role", to_text(member.role))
      .member_time("joined_at", member.joined_at);
  if (version != nullptr) json.member("version", version->value);
  json.end_object();
  return out;
}

std::optional<UserId> read_user(JsonFields& fields, std::string_view name) {
  const auto text = fields.text(name, JsonFields::kRequired, 0, 1024);
  if (!text) return std::nullopt;
  auto user = UserId::parse(*text);
  if (!user) fields.complain(name, std::string(kUserIdRule));
  return user;
}

std::optional<Role> read_role(JsonFields& fields, JsonFields::Need need) {
  const auto text = fields.text("role", need, 0, 32);
  if (!text) return std::nullopt;
  const auto role = parse_role(*text);
  if (!role) fields.complain("role", "must be \"owner\", \"admin\" or \"member\"");
  return role;
}

Result<NewConversation> read_new_conversation(JsonObject body) {
  JsonFields fields(body);
  NewConversation request;
  const auto type = fields.text("type", JsonFields::kRequired, 0, 32);
  if (type == "group")
    request.type = ConversationType::kGroup;
  else if (type && *type != "private")
    fields.complain("type", "must be \"private\" or \"group\"");
  const auto members = fields.array("members", type == "group" ? JsonFields::kOptional : JsonFields::kRequired);
  if (members && members->size() > kMaxGroupMembers + 1) {
    fields.complain("members", fmt::format("may hold at most {} users, you included", kMaxGroupMembers));
  } else if (members) {
    std::size_t index = 0;
    for (const JsonElement element : *members) {
      std::string_view text;
      std::optional<UserId> user;
      if (element.get_string().get(text) == simdjson::SUCCESS) user = UserId::parse(text);
      if (user)
        request.members.push_back(std::move(*user));
      else
        fields.errors().push_back({fmt::format("/members/{}", index), std::string(kUserIdRule)});
      ++index;
    }
  }
  if (const auto metadata = fields.object("metadata", JsonFields::kOptional)) {
    request.metadata = compact_json(*metadata);
    if (request.metadata.size() > kMaxMetadataBytes) {
      fields.complain("metadata", fmt::format("may have {} bytes", kMaxMetadataBytes));
    }
  }
  if (!fields.ok()) return fail(std::move(fields).error());
  return request;
}

Result<net::HttpResponse> create(ConversationRoutes& self, const Call& call) {
  C4A_TRY(const auto body, call.json());
  C4A_TRY(auto request, read_new_conversation(body));
  C4A_TRY(const auto user, call.user());
  C4A_TRY(const auto created, self.conversations.create(user, std::move(request)));
  return json_response(created.created ? 201 : 200, conversation_json(created.view));
}

Result<net::HttpResponse> patch(ConversationRoutes& self, const Call& call) {
  C4A_TRY(const auto id, call.conversation_param(0));
  C4A_TRY(const auto body, call.json());
  JsonFields fields(body);
  const auto metadata = fields.object("metadata", JsonFields::kOptional);
  if (fields.is_null("metadata")) fields.complain("metadata", "must be an object; set single members to null");
  if (!fields.ok()) return fail(std::move(fields).error());
  C4A_TRY(const auto user, call.user());
  C4A_TRY(const auto view, self.conversations.update(user, id, metadata ? compact_json(*metadata) : "{}"));
  return json_response(200, conversation_json(view));
}

Result<net::HttpResponse> messages(ConversationRoutes& self, const Call& call) {
  C4A_TRY(const auto id, call.conversation_param(0));
  HistoryRequest request;
  C4A_TRY(request.page, call.page());
  C4A_TRY(const auto after, call.number("after_seq"));
  C4A_TRY(const auto before, call.number("before_seq"));
  if (after) request.after = Seq{*after};
  if (before) request.before = Seq{*before};
  C4A_TRY(const auto user, call.user());
  C4A_TRY(auto json, self.history.messages(user, id, request));
  return json_response(200, std::move(json));
}

Result<net::HttpResponse> changes(ConversationRoutes& self, const Call& call) {
  C4A_TRY(const auto id, call.conversation_param(0));
  C4A_TRY(const auto page, call.page());
  C4A_TRY(const auto after, call.number("after_version"));
  C4A_TRY(const auto user, call.user());
  C4A_TRY(auto json, self.history.changes(user, id, Version{after.value_or(0)}, page));
  return json_response(200, std::move(json));
}

Result<net::HttpResponse> add_member(ConversationRoutes& self, const Call& call) {
  C4A_TRY(const auto id, call.conversation_param(0));
  C4A_TRY(const auto body, call.json());
  JsonFields fields(body);
  AddMember add;
  const auto user = read_user(fields, "user_id");
  add.role = read_role(fields, JsonFields::kOptional).value_or(Role::kMember);
  const auto history = fields.text("history", JsonFields::kOptional, 0, 32);
  if (history && *history != "all" && *history != "none") fields.complain("history", "must be \"all\" or \"none\"");
  add.sees_history = history != "none";
  if (!fields.ok()) return fail(std::move(fields).error());
  add.user_id = *user;
  C4A_TRY(const auto actor, call.user());
  C4A_TRY(const auto change, self.conversations.add_member(actor, id, std::move(add)));
  self.audit.record(call.caller().actor(), "member.added", "conversation", id.str(),
                    fmt::format(R"({{"user_id":"{}"}})", user->text));
  return json_response(201, member_json(change.member, &change.version));
}

Result<UserId> member_param(const Call& call) {
  auto user = UserId::parse(call.params[1]);
  if (!user) return fail(ErrorCode::kNotFound, "There is no such member.");
  return std::move(*user);
}

Result<net::HttpResponse> update_member(ConversationRoutes& self, const Call& call) {
  C4A_TRY(const auto id, call.conversation_param(0));
  C4A_TRY(const auto user, member_param(call));
  C4A_TRY(const auto body, call.json());
  JsonFields fields(body);
  const auto role = read_role(fields, JsonFields::kRequired);
  if (!fields.ok()) return fail(std::move(fields).error());
  C4A_TRY(const auto actor, call.user());
  C4A_TRY(const auto change, self.conversations.update_member(actor, id, {user, *role}));
  self.audit.record(call.caller().actor(), "member.updated", "conversation", id.str(),
                    fmt::format(R"({{"user_id":"{}","role":"{}"}})", user.text, to_text(*role)));
  return json_response(200, member_json(change.member, &change.version));
}

Result<net::HttpResponse> remove_member(ConversationRoutes& self, const Call& call) {
  C4A_TRY(const auto id, call.conversation_param(0));
  C4A_TRY(const auto user, member_param(call));
  C4A_TRY(const auto actor, call.user());
  C4A_CHECK(self.conversations.remove_member(actor, id, user));
  self.audit.record(call.caller().actor(), "member.removed", "conversation", id.str(),
                    fmt::format(R"({{"user_id":"{}"}})", user.text));
  return no_content();
}

Result<net::HttpResponse> acknowledge(ConversationRoutes& self, const Call& call, bool read) {
  C4A_TRY(const auto id, call.conversation_param(0));
  C4A_TRY(const auto body, call.json());
  JsonFields fields(body);
  const auto up_to = fields.integer("up_to_seq", JsonFields::kRequired);
  if (!fields.ok()) return fail(std::move(fields).error());
  C4A_TRY(const auto device, call.device());
  C4A_TRY(const auto user, call.user());
  C4A_CHECK(self.conversations.acknowledge(user, id, Acknowledge{device, Seq{*up_to}, {}, read}));
  return no_content();
}

}  // namespace

void ConversationRoutes::add(RouteTable& table) {
  auto self = std::make_shared<ConversationRoutes>(*this);
  const auto route = [&](const char* method, const char* pattern, auto handle, bool creates = false) {
    table.add({method,
               pattern,
               Access::kUser,
               Scope::kMessages,
               creates,
               [self, handle](Call& call) -> Result<net::HttpResponse> { return handle(*self, call); },
               {}});
  };
  route("POST", "/v1/conversations", create, true);
  route("GET", "/v1/conversations", [](ConversationRoutes& routes, const Call& call) -> Result<net::HttpResponse> {
    C4A_TRY(const auto page, call.page());
    C4A_TRY(const auto user, call.user());
    C4A_TRY(const auto found, routes.conversations.list(user, page));
    return json_response(200, list_json(found, conversation_json));
  });
  route("GET", "/v1/conversations/{id}", [](ConversationRoutes& routes, const Call& call) -> Result<net::HttpResponse> {
    C4A_TRY(const auto id, call.conversation_param(0));
    C4A_TRY(const auto user, call.user());
    C4A_TRY(const auto view, routes.conversations.get(user, id));
    return json_response(200, conversation_json(view));
  });
  route("PATCH", "/v1/conversations/{id}", patch);
  route("DELETE", "/v1/conversations/{id}",
        [](ConversationRoutes& routes, const Call& call) -> Result<net::HttpResponse> {
          C4A_TRY(const auto id, call.conversation_param(0));
          C4A_TRY(const auto user, call.user());
          C4A_CHECK(routes.conversations.remove(user, id));
          routes.audit.record(call.caller().actor(), "conversation.deleted", "conversation", id.str());
          return no_content();
        });
  route("GET", "/v1/conversations/{id}/members",
        [](ConversationRoutes& routes, const Call& call) -> Result<net::HttpResponse> {
          C4A_TRY(const auto id, call.conversation_param(0));
          C4A_TRY(const auto page, call.page());
          C4A_TRY(const auto user, call.user());
          C4A_TRY(const auto found, routes.conversations.members(user, id, page));
          return json_response(200,
                               list_json(found, [](const Member& member) { return member_json(member, nullptr); }));
        });
  route("POST", "/v1/conversations/{id}/members", add_member, true);
  route("PATCH", "/v1/conversations/{id}/members/{user_id}", update_member);
  route("DELETE", "/v1/conversations/{id}/members/{user_id}", remove_member);
  route("GET", "/v1/conversations/{id}/messages", messages);
  route("GET", "/v1/conversations/{id}/changes", changes);
  route("POST", "/v1/conversations/{id}/delivered",
        [](ConversationRoutes& routes, const Call& call) { return acknowledge(routes, call, false); });
  route("POST", "/v1/conversations/{id}/read",
        [](ConversationRoutes& routes, const Call& call) { return acknowledge(routes, call, true); });
  route("POST", "/v1/conversations/{id}/typing",
        [](ConversationRoutes& routes, const Call& call) -> Result<net::HttpResponse> {
          C4A_TRY(const auto id, call.conversation_param(0));
          C4A_TRY(const auto user, call.user());
          C4A_CHECK(routes.conversations.typing(user, id));
          return no_content();
        });
}

}  // namespace c4a
