#include <fmt/format.h>

#include "auth/api_key.h"
#include "base/encoding.h"
#include "base/json_writer.h"
#include "gateway/http/responses.h"
#include "gateway/http/routes.h"

namespace c4a {
namespace {

constexpr std::size_t kMaxSecretBytes = 8192;

std::string grant_json(const TokenGrant& grant) {
  std::string out;
  JsonWriter json(out);
  json.begin_object()
      .member("access_token", grant.access_token)
      .member("token_type", "bearer")
      .member("expires_in", grant.expires_in_s)
      .member("refresh_token", grant.refresh_token);
  if (!grant.scope.empty()) json.member("scope", grant.scope);
  json.end_object();
  return out;
}

// What a token answer must say (RFC 6749 §5.1).
net::HttpResponse token_response(int status, std::string body) {
  auto response = json_response(status, std::move(body));
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

// The fields of a form or of a JSON object. OAuth's own rule holds: a repeated field is an error.
class OAuthFields {
 public:
  static Result<OAuthFields> read(const Call& call) {
    OAuthFields fields;
    if (call.content_type.starts_with("application/x-www-form-urlencoded")) {
      fields.form_ = true;
      Call form;
      form.query = call.body;
      fields.form_call_ = std::move(form);
      return fields;
    }
    C4A_TRY(fields.object_, call.json());
    return fields;
  }

  Result<std::optional<std::string>> get(std::string_view name) {
    if (form_) {
      C4A_TRY(auto value, form_call_.parameter(name));
      if (value && value->size() > kMaxSecretBytes) return too_long(name);
      return value;
    }
    JsonElement element;
    if (object_.at_key(name).get(element) != simdjson::SUCCESS || element.is_null()) {
      return std::optional<std::string>{};
    }
    std::string_view text;
    if (element.get_string().get(text) != simdjson::SUCCESS) {
      return fail_field("/" + std::string(name), "must be a text");
    }
    if (text.size() > kMaxSecretBytes) return too_long(name);
    return std::optional(std::string(text));
  }

 private:
  static std::unexpected<Error> too_long(std::string_view name) {
    return fail_field("/" + std::string(name), fmt::format("may have {} bytes", kMaxSecretBytes));
  }

  bool form_ = false;
  Call form_call_;
  JsonObject object_;
};

// RFC 6749 §2.3.1: a client may authenticate with HTTP Basic instead.
void take_basic_credentials(const Call& call, TokenRequest& request) {
  constexpr std::string_view kBasic = "Basic ";
  if (!call.authorization.starts_with(kBasic)) return;
  const auto decoded = from_base64(std::string_view(call.authorization).substr(kBasic.size()));
  if (!decoded) return;
  const auto colon = decoded->find(':');
  if (colon == std::string::npos) return;
  request.client_id = percent_decode(decoded->substr(0, colon), true);
  request.client_secret = percent_decode(decoded->substr(colon + 1), true);
}

std::string key_json(const ApiKeyRecord& key) {
  std::string out;
  JsonWriter json(out);
  json.begin_object()
      .member("key_id", key.key_id)
      .member("client_id", key.client_id)
      .member("name", key.name)
      .key("scopes")
      .begin_array();
  for (const auto& scope : key.scopes) json.value(scope);
  json.end_array().member_time("created_at", key.created_at).key("last_used_at");
  if (key.last_used_at)
    json.time(*key.last_used_at);
  else
    json.null();
  json.end_object();
  return out;
}

Result<net::HttpResponse> issue_token(AuthRoutes& self, const Call& call) {
  C4A_TRY(auto fields, OAuthFields::read(call));
  TokenRequest request;
  take_basic_credentials(call, request);
  C4A_TRY(const auto grant_type, fields.get("grant_type"));
  request.grant_type = grant_type.value_or("");
  C4A_TRY(request.username, fields.get("username"));
  C4A_TRY(request.password, fields.get("password"));
  C4A_TRY(const auto client_id, fields.get("client_id"));
  C4A_TRY(const auto client_secret, fields.get("client_secret"));
  if (client_id) request.client_id = client_id;
  if (client_secret) request.client_secret = client_secret;
  C4A_TRY(request.refresh_token, fields.get("refresh_token"));
  C4A_TRY(request.scope, fields.get("scope"));

  const std::string who = request.username.value_or(request.client_id.value_or(""));
  if (!who.empty()) {
    const auto verdict = self.logins.take(who + " " + call.client_address, self.clock.monotonic_us());
    if (!verdict.allowed) {
      auto response = problem_response(
          {ErrorCode::kRateLimited, "Too many logins; wait before the next try.", {}, verdict.retry_after_s},
          call.request_id, call.path);
      response.headers.emplace_back("RateLimit", fmt::format("\"logins\";r=0;t={}", verdict.retry_after_s));
      response.headers.emplace_back("RateLimit-Policy", fmt::format("\"logins\";q={};w=60", self.logins_per_minute));
      return response;
    }
  }
  C4A_TRY(const auto grant, self.tokens.grant(request));
  return token_response(200, grant_json(grant));
}

Result<net::HttpResponse> revoke_token(AuthRoutes& self, const Call& call) {
  C4A_TRY(auto fields, OAuthFields::read(call));
  C4A_TRY(const auto token, fields.get("token"));
  if (!token || token->empty()) return fail(ErrorCode::kInvalidRequest, "The field token is missing.");
  C4A_CHECK(self.tokens.revoke(*token));
  return json_response(200, "{}");
}

Result<net::HttpResponse> create_key(AuthRoutes& self, const Call& call) {
  C4A_TRY(const auto body, call.json());
  JsonFields fields(body);
  const auto name = fields.text("name", JsonFields::kRequired, 1, 128);
  std::vector<std::string> names;
  if (const auto list = fields.array("scopes", JsonFields::kRequired)) {
    for (const JsonElement element : *list) {
      std::string_view scope;
      if (element.get_string().get(scope) == simdjson::SUCCESS)
        names.emplace_back(scope);
      else
        fields.complain("scopes", "must be a list of texts");
    }
  }
  if (!fields.ok()) return fail(std::move(fields).error());
  C4A_TRY(const auto scopes, ScopeSet::parse(names));
  const auto made = new_api_key(std::string(*name), scopes, self.clock.now_ms());
  C4A_CHECK(self.metadata.create_key(made.record));
  self.audit.record(call.caller().actor(), "key.created", "key", made.record.key_id.str());
  std::string out = key_json(made.record);
  out.back() = ',';
  out += "\"key\":";
  append_json_string(out, made.key);
  out += '}';
  return token_response(201, std::move(out));
}

Result<net::HttpResponse> list_keys(AuthRoutes& self, const Call& call) {
  C4A_TRY(const auto page, call.page());
  C4A_TRY(const auto found, self.metadata.keys(page.cursor, page.limit));
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("items").begin_array();
  for (const auto& key : found.items) json.raw(key_json(key));
  json.end_array().key("next_cursor");
  if (found.next_cursor)
    json.value(*found.next_cursor);
  else
    json.null();
  json.end_object();
  return json_response(200, std::move(out));
}

Result<net::HttpResponse> delete_key(AuthRoutes& self, const Call& call) {
  const auto id = Uuid::parse(call.params[0]);
  if (!id) return fail(ErrorCode::kNotFound, "There is no such key.");
  if (call.caller().kind == Identity::Kind::kKey && call.caller().key_id == *id) {
    return fail(ErrorCode::kConflict, "A key cannot delete itself; use another admin key.");
  }
  C4A_CHECK(self.tokens.delete_key(*id));
  self.audit.record(call.caller().actor(), "key.deleted", "key", id->str());
  return no_content();
}

Result<net::HttpResponse> mint_token(AuthRoutes& self, const Call& call) {
  C4A_TRY(const auto user, call.user_param(0));
  C4A_TRY(const auto grant, self.tokens.mint_for_user(user));
  self.audit.record(call.caller().actor(), "token.minted", "user", user.text);
  return token_response(201, grant_json(grant));
}

}  // namespace

void AuthRoutes::add(RouteTable& table) {
  auto self = std::make_shared<AuthRoutes>(*this);
  for (const char* path : {"/auth/token", "/token"}) {
    table.add({"POST", path, Access::kOpen, {}, false, [self](Call& call) { return issue_token(*self, call); }, {}});
  }
  table.add(
      {"POST", "/auth/revoke", Access::kOpen, {}, false, [self](Call& call) { return revoke_token(*self, call); }, {}});
  table.add({"GET",
             "/.well-known/jwks.json",
             Access::kOpen,
             {},
             false,
             [self](Call&) -> Result<net::HttpResponse> { return json_response(200, self->signing_keys.jwks_json()); },
             {}});
  table.add({"POST",
             "/v1/keys",
             Access::kKey,
             Scope::kAdmin,
             true,
             [self](Call& call) { return create_key(*self, call); },
             {}});
  table.add({"GET",
             "/v1/keys",
             Access::kKey,
             Scope::kAdmin,
             false,
             [self](Call& call) { return list_keys(*self, call); },
             {}});
  table.add({"DELETE",
             "/v1/keys/{key_id}",
             Access::kKey,
             Scope::kAdmin,
             false,
             [self](Call& call) { return delete_key(*self, call); },
             {}});
  table.add({"POST",
             "/v1/users/{user_id}/tokens",
             Access::kKey,
             Scope::kUsers,
             true,
             [self](Call& call) { return mint_token(*self, call); },
             {}});
}

}  // namespace c4a
