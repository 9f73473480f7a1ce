#include "gateway/http/api.h"

#include <algorithm>

#include "gateway/client_address.h"
#include "gateway/http/fast_reply.h"
#include "gateway/http/idempotency.h"
#include "gateway/http/responses.h"
#include "gateway/ws/web_socket_gateway.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace c4a {
namespace {

constexpr std::string_view kAllowedHeaders =
    "Authorization, Content-Type, Idempotency-Key, X-Act-As, X-Device-Id, traceparent";
constexpr std::string_view kExposedHeaders =
    "X-Request-Id, Retry-After, RateLimit, RateLimit-Policy, traceparent, WWW-Authenticate";

// Answered requests, by the first digit of their status.
void count_answer(int status) {
  static std::array<Counter*, 6> counters = [] {
    std::array<Counter*, 6> made{};
    for (std::size_t i = 1; i < made.size(); ++i) {
      made[i] =
          &counter("chat4all_http_requests_total", "HTTP requests answered.", {{"status", std::to_string(i) + "xx"}});
    }
    return made;
  }();
  counters[static_cast<std::size_t>(std::clamp(status / 100, 1, 5))]->add();
}

Histogram& duration_histogram() {
  static Histogram& seconds =
      histogram("chat4all_http_request_seconds", "From a request's arrival to its answer.", latency_buckets());
  return seconds;
}

}  // namespace

struct Api::Running {
  Call call;
  net::HttpReply reply;
  const Route* route = nullptr;
  std::int64_t begun_us = 0;
};

Api::Api(Authenticator& authenticator, MetadataStore& metadata, WorkerPool& workers, WebSocketGateway& sockets,
         const Clock& clock, ApiOptions options)
    : authenticator_(authenticator),
      metadata_(metadata),
      workers_(workers),
      sockets_(sockets),
      clock_(clock),
      options_(std::move(options)) {}

Api::~Api() = default;

void Api::on_request(const net::HttpRequest& request, net::HttpReply reply) {
  auto running = std::make_shared<Running>();
  running->call = make_call(request);
  running->reply = std::move(reply);
  running->begun_us = clock_.monotonic_us();
  Call& call = running->call;
  call.request_id = Uuid::v7(clock_.now_ms()).str();
  if (!options_.trusted_proxies.empty()) {
    call.client_address =
        client_address(request.peer_ip, request.header("x-forwarded-for").value_or(""), options_.trusted_proxies);
  }
  auto match = routes_.match(call.method, call.path);
  if (call.method == "OPTIONS" && !match.allowed.empty()) {
    answer(*running, preflight(call, match.allowed));
    return;
  }
  if (match.route == nullptr) {
    if (match.allowed.empty()) {
      answer(*running, fail(ErrorCode::kNotFound, "There is nothing at this path; /openapi.json lists what there is."));
      return;
    }
    auto response = problem_response({ErrorCode::kMethodNotAllowed, "This path takes " + match.allowed + ".", {}, {}},
                                     call.request_id, call.path);
    response.headers.emplace_back("Allow", match.allowed);
    answer(*running, std::move(response));
    return;
  }
  running->route = match.route;
  call.params = std::move(match.params);
  const auto known = authenticate_now(*running);
  if (known && !*known) {
    answer(*running, std::unexpected(known->error()));
  } else if (known) {
    dispatch(std::move(running));
  } else if (!workers_.post([this, running] {
               if (const auto identified = authenticate(*running); !identified) {
                 answer(*running, std::unexpected(identified.error()));
               } else {
                 dispatch(running);
               }
             })) {
    answer(*running, fail(ErrorCode::kOverloaded, "Too many requests are waiting; try again in a second."));
  }
}

std::optional<Result<>> Api::authenticate_now(Running& running) {
  Call& call = running.call;
  const Access access = running.route->access;
  if (access == Access::kOpen) return Result<>{};
  if (call.authorization.empty()) {
    if (call.local) {
      call.identity = Identity::local_operator();
      return Result<>{};
    }
    if (access == Access::kOptional) return Result<>{};
  }
  const auto token = bearer_token(call.authorization);
  if (!token) return Result<>(std::unexpected(token.error()));
  auto identity = authenticator_.try_authenticate_cached(*token, call.act_as);
  if (!identity) return std::nullopt;
  if (!*identity) return Result<>(std::unexpected(identity->error()));
  call.identity = std::move(**identity);
  return Result<>{};
}

Result<> Api::authenticate(Running& running) {
  C4A_TRY(running.call.identity, authenticator_.authenticate(running.call.authorization, running.call.act_as));
  return {};
}

Result<> Api::admit(const Running& running) const {
  const Route& route = *running.route;
  const auto& identity = running.call.identity;
  switch (route.access) {
    case Access::kOpen:
    case Access::kOptional:
    case Access::kCaller:
      return {};
    case Access::kKey:
      return require_scope(*identity, route.scope);
    case Access::kUser:
      if (identity->kind != Identity::Kind::kUser) C4A_CHECK(require_scope(*identity, route.scope));
      C4A_CHECK(acting_user(*identity));
      return {};
  }
  return {};
}

void Api::dispatch(std::shared_ptr<Running> running) {
  if (const auto admitted = admit(*running); !admitted) {
    answer(*running, std::unexpected(admitted.error()));
    return;
  }
  if (running->call.identity && running->call.identity->user_id) {
    sockets_.presence().active(*running->call.identity->user_id, clock_.now_ms());
  }
  if (running->route->fast) {
    net::EventLoop& loop = running->reply.loop();
    auto run = [this, running] { running->route->fast(running->call, FastReply(*this, running)); };
    if (loop.in_loop_thread())
      run();
    else
      loop.post(std::move(run));
    return;
  }
  run_on_worker(std::move(running));
}

void Api::run_on_worker(std::shared_ptr<Running> running) {
  if (!workers_.post([this, running] { answer(*running, run_once_per_key(*running)); })) {
    answer(*running, fail(ErrorCode::kOverloaded, "Too many requests are waiting; try again in a second."));
  }
}

Result<net::HttpResponse> Api::run_once_per_key(Running& running) {
  if (!running.route->creates || running.call.idempotency_key.empty()) return running.route->handler(running.call);
  return run_idempotent(metadata_, running.call, clock_.now_ms(), running.route->handler);
}

namespace {

net::HttpResponse error_response(const Error& error, const Call& call) {
  if (error.code == ErrorCode::kUndecided) return json_response(202, R"({"status":"accepted"})");
  return problem_response(error, call.request_id, call.path);
}

}  // namespace

void Api::answer(const Running& running, Result<net::HttpResponse> result) {
  const Call& call = running.call;
  net::HttpResponse response = result ? std::move(*result) : error_response(result.error(), call);
  add_common_headers(call, response);
  count_answer(response.status);
  const std::int64_t took_us = clock_.monotonic_us() - running.begun_us;
  duration_histogram().observe(static_cast<double>(took_us) / 1e6);
  const LogLevel level = response.status >= 500 ? LogLevel::kError : LogLevel::kDebug;
  if (log_enabled(level)) {
    log(level, "request answered",
        {{"method", call.method},
         {"path", call.path},
         {"status", response.status},
         {"duration_us", took_us},
         {"request_id", call.request_id},
         {"trace_id", call.trace.trace_id},
         {"span_id", call.trace.span_id},
         {"error", result ? std::string_view{} : std::string_view(result.error().detail)}});
  }
  running.reply.send(std::move(response));
}

void FastReply::send(Result<net::HttpResponse> result) const { api_->answer(*running_, std::move(result)); }
net::EventLoop& FastReply::loop() const { return running_->reply.loop(); }

bool Api::allows_origin(const Call& call) const {
  if (call.origin.empty()) return false;
  return std::ranges::find(options_.allowed_origins, call.origin) != options_.allowed_origins.end() ||
         std::ranges::find(options_.allowed_origins, "*") != options_.allowed_origins.end();
}

net::HttpResponse Api::preflight(const Call& call, const std::string& allowed) const {
  net::HttpResponse response = no_content();
  response.headers.emplace_back("Allow", allowed + ", OPTIONS");
  if (allows_origin(call)) {
    response.headers.emplace_back("Access-Control-Allow-Methods", allowed);
    response.headers.emplace_back("Access-Control-Allow-Headers", kAllowedHeaders);
    response.headers.emplace_back("Access-Control-Max-Age", "600");
  }
  return response;
}

void Api::add_common_headers(const Call& call, net::HttpResponse& response) const {
  response.headers.emplace_back("X-Request-Id", call.request_id);
  response.headers.emplace_back("traceparent", call.trace.header());
  if (call.origin.empty()) return;
  response.headers.emplace_back("Vary", "Origin");
  if (!allows_origin(call)) return;
  response.headers.emplace_back("Access-Control-Allow-Origin", call.origin);
  response.headers.emplace_back("Access-Control-Expose-Headers", kExposedHeaders);
}

bool Api::wants_websocket(const net::HttpRequest& request) { return options_.sockets && request.path == "/ws"; }

std::unique_ptr<net::WebSocketListener> Api::on_websocket(const net::HttpRequest& request, net::WebSocket& socket) {
  return sockets_.accept(request, socket);
}

net::HttpResponse Api::on_protocol_error(const Error& error) {
  const std::string request_id = Uuid::v7(clock_.now_ms()).str();
  // Which path was asked for may not even be known.
  auto response = problem_response(error, request_id, "urn:uuid:" + request_id);
  response.headers.emplace_back("X-Request-Id", request_id);
  if (error.code == ErrorCode::kMethodNotAllowed) {
    response.headers.emplace_back("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  }
  count_answer(response.status);
  return response;
}

}  // namespace c4a
