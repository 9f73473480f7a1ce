#include "base/json_writer.h"
#include "gateway/http/responses.h"
#include "gateway/http/routes.h"

namespace c4a {
namespace {

Result<net::HttpResponse> heartbeat(UserRoutes& self, const Call& call) {
  C4A_TRY(const auto body, call.json_or_empty());
  JsonFields fields(body);
  const auto status = fields.text("status", JsonFields::kOptional, 0, 32);
  if (status && *status != "online" && *status != "away") fields.complain("status", "must be \"online\" or \"away\"");
  if (!fields.ok()) return fail(std::move(fields).error());
  C4A_TRY(const auto user, call.user());
  self.presence.heartbeat(user, status == "away", self.clock.now_ms());
  return no_content();
}

Result<net::HttpResponse> presence_of(UserRoutes& self, const Call& call) {
  C4A_TRY(const auto asking, call.user());
  C4A_TRY(const auto user, call.user_param(0));
  C4A_TRY(const bool together, share_conversation(self.store, asking, user));
  if (!together) return fail(ErrorCode::kUserNotFound, "There is no such user, or they are not yours to see.");
  const PresenceState state = self.presence.get(user, self.clock.now_ms());
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("user_id", user.text).member("status", to_text(state.status)).key("last_seen");
  if (state.last_seen)
    json.time(*state.last_seen);
  else
    json.null();
  json.end_object();
  return json_response(200, std::move(out));
}

}  // namespace

void UserRoutes::add(RouteTable& table) {
  auto self = std::make_shared<UserRoutes>(*this);
  table.add({"POST",
             "/v1/users",
             Access::kOptional,
             Scope::kUsers,
             true,
             [self](Call& call) -> Result<net::HttpResponse> {
               C4A_TRY(const auto body, call.json());
               C4A_TRY(const auto user, self->users.create(call.identity, body));
               return json_response(201, user_json(user));
             },
             {}});
  table.add({"GET",
             "/v1/users/{user_id}",
             Access::kCaller,
             Scope::kUsers,
             false,
             [self](Call& call) -> Result<net::HttpResponse> {
               C4A_TRY(const auto id, call.user_param(0));
               C4A_TRY(const auto user, self->users.get(call.caller(), id));
               return json_response(200, user_json(user));
             },
             {}});
  table.add({"PATCH",
             "/v1/users/{user_id}",
             Access::kCaller,
             Scope::kUsers,
             false,
             [self](Call& call) -> Result<net::HttpResponse> {
               C4A_TRY(const auto id, call.user_param(0));
               C4A_TRY(const auto body, call.json());
               C4A_TRY(const auto user, self->users.update(call.caller(), id, body));
               return json_response(200, user_json(user));
             },
             {}});
  table.add({"DELETE",
             "/v1/users/{user_id}",
             Access::kCaller,
             Scope::kUsers,
             false,
             [self](Call& call) -> Result<net::HttpResponse> {
               C4A_TRY(const auto id, call.user_param(0));
               C4A_CHECK(self->users.remove(call.caller(), id));
               return no_content();
             },
             {}});
  table.add({"POST",
             "/v1/presence/heartbeat",
             Access::kUser,
             Scope::kPresence,
             false,
             [self](Call& call) { return heartbeat(*self, call); },
             {}});
  table.add({"GET",
             "/v1/presence/{user_id}",
             Access::kUser,
             Scope::kPresence,
             false,
             [self](Call& call) { return presence_of(*self, call); },
             {}});
}

}  // namespace c4a
