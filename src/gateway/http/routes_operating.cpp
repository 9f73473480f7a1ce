#include "base/json_writer.h"
#include "gateway/http/fast_reply.h"
#include "gateway/http/openapi_document.h"
#include "gateway/http/responses.h"
#include "gateway/http/routes.h"
#include "telemetry/metrics.h"

namespace c4a {
namespace {

Result<net::HttpResponse> health_of(OperatingRoutes& self) {
  const auto report = self.health.report();
  bool well = true;
  std::string dependencies;
  JsonWriter inner(dependencies);
  inner.begin_object();
  for (const auto& [name, checked] : *report) {
    well = well && checked.state.has_value();
    inner.key(name).begin_object().member("status", checked.state ? "up" : "down");
    inner.member("latency_ms", checked.latency_ms);
    if (!checked.state) inner.member("detail", checked.state.error().detail);
    inner.end_object();
  }
  inner.end_object();
  std::string out;
  JsonWriter json(out);
  json.begin_object()
      .member("status", well ? "ok" : "unavailable")
      .member_raw("dependencies", dependencies)
      .end_object();
  auto response = json_response(well ? 200 : 503, std::move(out));
  if (!well) response.headers.emplace_back("Retry-After", "1");
  return response;
}

Result<net::HttpResponse> limits_of(OperatingRoutes& self, const Call& call) {
  C4A_CHECK(call.page());
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("items").begin_array();
  for (const auto& limit : self.limits) {
    json.begin_object().member("name", limit.name).member("limit", limit.limit);
    if (limit.name == "sends" && call.caller().user_id) {
      json.member("used", self.sends.used(call.caller().user_id->text, self.clock.monotonic_us()));
    }
    json.member("unit", limit.unit);
    if (limit.window_seconds != 0) json.member("window_seconds", limit.window_seconds);
    json.end_object();
  }
  json.end_array().key("next_cursor").null().end_object();
  return json_response(200, std::move(out));
}

}  // namespace

void OperatingRoutes::add(RouteTable& table) {
  auto self = std::make_shared<OperatingRoutes>(*this);
  table.add({"GET", "/health/live", Access::kOpen, {}, false, {}, [](Call&, const FastReply& reply) {
               reply.send(json_response(200, R"({"status":"ok"})"));
             }});
  table.add({"GET", "/health/ready", Access::kOpen, {}, false, {}, [self](Call&, const FastReply& reply) {
               if (self->draining()) {
                 reply.send(fail(Error{ErrorCode::kUnavailable, "The server is stopping.", {}, 1}));
               } else {
                 reply.send(json_response(200, R"({"status":"ok"})"));
               }
             }});
  table.add({"GET", "/ws", Access::kOpen, {}, false, {}, [](Call&, const FastReply& reply) {
               reply.send(fail(ErrorCode::kBadRequest, "This path speaks WebSocket; connect with Upgrade: websocket."));
             }});
  table.add({"GET", "/health", Access::kOpen, {}, false, [self](Call&) { return health_of(*self); }, {}});
  table.add({"GET",
             "/metrics",
             Access::kOpen,
             {},
             false,
             [](Call&) -> Result<net::HttpResponse> {
               return net::HttpResponse{200, "text/plain; version=0.0.4; charset=utf-8", render_metrics(), {}};
             },
             {}});
  table.add({"GET",
             "/openapi.json",
             Access::kOpen,
             {},
             false,
             [](Call&) -> Result<net::HttpResponse> { return json_response(200, std::string(kOpenApiDocument)); },
             {}});
  table.add({"GET",
             "/v1/channels",
             Access::kCaller,
             {},
             false,
             [](Call&) -> Result<net::HttpResponse> { return json_response(200, "[]"); },
             {}});
  table.add(
      {"GET", "/v1/limits", Access::kCaller, {}, false, [self](Call& call) { return limits_of(*self, call); }, {}});
  table.add({"GET",
             "/v1/audit",
             Access::kKey,
             Scope::kAdmin,
             false,
             [self](Call& call) -> Result<net::HttpResponse> {
               C4A_TRY(const auto page, call.page());
               C4A_TRY(auto json, self->audit.list(page));
               return json_response(200, std::move(json));
             },
             {}});
}

}  // namespace c4a
