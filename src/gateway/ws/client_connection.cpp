#include "gateway/ws/client_connection.h"

#include "base/json_writer.h"
#include "gateway/http/responses.h"
#include "operations/read_access.h"
#include "operations/send_message.h"
#include "telemetry/metrics.h"
#include "telemetry/trace_context.h"

namespace c4a {
namespace {

constexpr std::size_t kEarlyBytes = 256 * 1024;
// A client that goes on sending is cut off once so many more of its sends were refused than taken.
constexpr std::uint32_t kRefusedSendsBeforeClose = 200;
// While the router is behind, reading and refusing must leave it the processor: frames are read many at a time.
constexpr std::int64_t kOverloadedRestMs = 50;

void count_error(ErrorCode code) {
  static const auto of_class = [](const char* status) {
    return &counter("chat4all_ws_errors_total", "Error frames sent over WebSockets.", {{"status", status}});
  };
  static Counter* const clients = of_class("4xx");
  static Counter* const servers = of_class("5xx");
  (info(code).http_status < 500 ? clients : servers)->add();
}

std::string ready_frame(const UserId& user, const DeviceId& device, TimestampMs now, int heartbeat_seconds) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("type", "ready").member("user_id", user.text).member("session_id", Uuid::v7(now));
  json.key("device_id");
  if (device.text.empty())
    json.null();
  else
    json.value(device.text);
  json.member("heartbeat_seconds", heartbeat_seconds).end_object();
  return out;
}

std::string sent_frame(const std::string& ref, const ConversationId& conversation, const Decision& decision) {
  std::string out;
  out.reserve(256);
  JsonWriter json(out);
  json.begin_object().member("type", "sent");
  if (!ref.empty()) json.member_raw("ref", ref);
  json.member("message_id", decision.message_id.uuid).member("conversation_id", conversation.uuid);
  if (decision.decided) json.member("seq", decision.seq.value);
  json.member("status", "SENT")
      .member_time("created_at", decision.created_at)
      .member("duplicate", decision.duplicate)
      .end_object();
  return out;
}

std::string error_frame(const Error& error, const std::string& ref) {
  const std::string problem = problem_json(error, Uuid::v7(system_clock().now_ms()).str(), "/ws");
  std::string out = R"({"type":"error")";
  out.reserve(64 + ref.size() + problem.size());
  if (!ref.empty()) out += R"(,"ref":)" + ref;
  out += R"(,"problem":)" + problem + '}';
  return out;
}

const net::SharedFrame& pong_frame() {
  static const net::SharedFrame frame = net::make_frame(R"({"type":"pong"})");
  return frame;
}

}  // namespace

ClientConnection::ClientConnection(WebSocketGateway& gateway, net::WebSocket& socket)
    : gateway_(gateway), socket_(socket), self_(std::make_shared<ClientConnection*>(this)) {}

ClientConnection::~ClientConnection() {
  *self_ = nullptr;
  gateway_.watch_of(socket_.loop()).remove(*this);
}

void ClientConnection::wait_for_auth() {
  socket_.loop().after_ms(gateway_.options().auth_timeout_s * 1000, [self = self_] {
    if (*self == nullptr || (*self)->session_ != nullptr || (*self)->checking_) return;
    (*self)->socket_.close(kCloseAuth, "no auth frame came in time");
  });
}

void ClientConnection::authenticate(std::string authorization, std::string act_as, DeviceId device) {
  Authenticator& authenticator = gateway_.services().authenticator;
  const auto token = bearer_token(authorization);
  if (!token) return on_identity(std::unexpected(token.error()), device);
  if (auto identity = authenticator.try_authenticate_cached(*token, act_as)) {
    return on_identity(std::move(*identity), device);
  }
  checking_ = true;
  const bool taken = gateway_.services().workers.post(
      [self = self_, &authenticator, &loop = socket_.loop(), authorization = std::move(authorization),
       act_as = std::move(act_as), device = std::move(device)]() mutable {
        auto identity = authenticator.authenticate(authorization, act_as);
        loop.post([self = std::move(self), identity = std::move(identity), device = std::move(device)]() mutable {
          if (*self != nullptr) (*self)->on_identity(std::move(identity), device);
        });
      });
  if (!taken) socket_.close(1013, "overloaded, try again");
}

void ClientConnection::on_identity(Result<Identity> identity, const DeviceId& device) {
  checking_ = false;
  Result<UserId> user = identity ? acting_user(*identity) : std::unexpected(identity.error());
  if (user && session_ && session_->user() != *user) {
    user = fail(ErrorCode::kInvalidToken, "the token is another user's");
  }
  if (!user) {
    const bool busy = user.error().code == ErrorCode::kUnavailable;
    socket_.close(busy ? 1013 : kCloseAuth, busy ? "storage is unavailable, reconnect" : "the token is not valid");
    return;
  }
  expires_at_ = identity->expires_at.value_or(0);
  limited_ = identity->kind == Identity::Kind::kUser;
  facts_ = std::move(identity->facts);
  if (session_) return;  // a fresh token for the same session
  gateway_.watch_of(socket_.loop()).add(*this);
  SessionHub& hub = gateway_.hub_of(socket_.loop());
  session_ = std::make_unique<Session>(hub, socket_, hub.next_number(), *user, device);
  hub.open(*session_, [this, now = gateway_.services().clock.now_ms()] { begin(now); });
}

void ClientConnection::begin(TimestampMs now) {
  ready_ = true;
  const int heartbeat_seconds = gateway_.options().heartbeat_seconds;
  session_->send(net::make_frame(ready_frame(session_->user(), session_->device(), now, heartbeat_seconds)));
  if (const auto early = std::exchange(early_, nullptr)) {
    for (const auto& text : early->frames) on_frame(text);
  }
}

void ClientConnection::check_credential(bool revocation) {
  const std::int64_t grace_ms = gateway_.options().token_grace_s * 1000LL;
  if (expires_at_ != 0 && gateway_.services().clock.now_ms() >= expires_at_ + grace_ms) {
    socket_.close(kCloseAuth, "the token has expired; connect with a new one");
  } else if (revocation && facts_ && gateway_.services().authenticator.is_revoked(*facts_)) {
    socket_.close(kCloseAuth, "the token was revoked; connect with a new one");
  }
}

void ClientConnection::on_text(std::string_view message) {
  while (!message.empty()) {
    const auto end = message.find('\n');
    const std::string_view line = message.substr(0, end);
    if (!line.empty()) on_frame(line);
    if (end == std::string_view::npos) break;
    message.remove_prefix(end + 1);
  }
}

void ClientConnection::on_frame(std::string_view text) {
  if (!ready_ && (checking_ || session_ != nullptr)) {
    if (!early_) early_ = std::make_unique<Early>();
    early_->bytes += text.size();
    if (early_->bytes > kEarlyBytes) return socket_.close(kCloseSlow, "wait for the ready frame");
    early_->frames.emplace_back(text);
    return;
  }
  auto frame = read_frame(text);
  if (!frame) return send_error(frame.error().error, frame.error().ref);
  if (session_ == nullptr && !std::holds_alternative<AuthFrame>(*frame)) {
    return socket_.close(kCloseAuth, "the first frame must be auth");
  }
  if (session_ != nullptr && !std::holds_alternative<PingFrame>(*frame)) {
    session_->active(gateway_.services().clock.now_ms());
  }
  std::visit([this](auto& one) { handle(one); }, *frame);
}

void ClientConnection::handle(AuthFrame& frame) { authenticate("Bearer " + frame.token, {}, std::move(frame.device)); }

void ClientConnection::handle(PingFrame&) { socket_.send(pong_frame()); }

bool ClientConnection::within_rate(const std::string& ref) {
  if (!limited_) return true;
  const auto verdict = gateway_.services().sends.take(session_->user().text, gateway_.services().clock.monotonic_us());
  if (verdict.allowed) {
    if (refused_sends_ > 0) --refused_sends_;
    return true;
  }
  send_error({ErrorCode::kRateLimited, "Too many sends; wait a moment, then send again.", {}, verdict.retry_after_s},
             ref);
  if (++refused_sends_ == kRefusedSendsBeforeClose) socket_.close(kCloseRate, "too many sends");
  return false;
}

void ClientConnection::handle(SendFrame& frame) {
  if (!within_rate(frame.ref)) return;
  if (const auto room = gateway_.services().log.admits_send(); !room) {
    socket_.rest_ms(kOverloadedRestMs);
    return send_error(room.error(), frame.ref);
  }
  SendContext context;
  context.actor = session_->user();
  context.device = session_->device();
  context.now = gateway_.services().clock.now_ms();
  context.session = session_->number();
  context.trace_id = TraceContext::make().trace_id;
  auto command = read_send(frame.message, context);
  if (!command) return send_error(command.error(), frame.ref);
  const ConversationId conversation = command->conversation_id;
  auto done = [self = self_, &loop = socket_.loop(), ref = frame.ref, conversation](Result<Decision> decision) mutable {
    loop.post([self = std::move(self), ref = std::move(ref), conversation, decision = std::move(decision)] {
      if (*self == nullptr || (*self)->session_ == nullptr) return;
      if (!decision) return (*self)->send_error(decision.error(), ref);
      auto answer = net::make_frame(sent_frame(ref, conversation, *decision));
      // A repeat was delivered when it was first answered, or comes as pending.
      // Without a seq there is no place that could be passed; the device has its message all the same.
      if (decision->duplicate || !decision->decided)
        (*self)->session_->send(std::move(answer));
      else
        (*self)->session_->sent(conversation, decision->seq, std::move(answer));
    });
  };
  if (auto taken = gateway_.services().log.append(std::move(*command), std::move(done)); !taken) {
    send_error(taken.error(), frame.ref);
  }
}

void ClientConnection::append(Command command) {
  auto done = [self = self_, &loop = socket_.loop()](Result<Decision> decision) mutable {
    if (decision) return;
    loop.post([self = std::move(self), error = std::move(decision.error())] {
      if (*self != nullptr) (*self)->send_error(error, {});
    });
  };
  if (auto taken = gateway_.services().log.append(std::move(command), std::move(done)); !taken) {
    send_error(taken.error(), {});
  }
}

void ClientConnection::handle(AckFrame& frame) {
  append({frame.conversation, session_->user(), gateway_.services().clock.now_ms(), session_->number(),
          Acknowledge{session_->device(), frame.up_to_seq, frame.up_to_version, frame.read}});
}

void ClientConnection::handle(TypingFrame& frame) {
  append({frame.conversation, session_->user(), gateway_.services().clock.now_ms(), session_->number(), Typing{}});
}

void ClientConnection::handle(WatchFrame& frame) {
  const auto& services = gateway_.services();
  const bool taken = services.workers.post([self = self_, &store = services.store, &loop = socket_.loop(),
                                            user = session_->user(), users = std::move(frame.users)]() mutable {
    // Strangers are left out without a word.
    std::erase_if(users, [&](const UserId& other) { return !share_conversation(store, user, other).value_or(false); });
    loop.post([self = std::move(self), users = std::move(users)]() mutable {
      if (*self == nullptr || (*self)->session_ == nullptr) return;
      auto& connection = **self;
      connection.gateway_.hub_of(connection.socket_.loop()).watch(*connection.session_, std::move(users));
    });
  });
  if (!taken)
    send_error({ErrorCode::kOverloaded, "Too many requests are waiting; watch again in a second.", {}, 1}, {});
}

void ClientConnection::send_error(const Error& error, const std::string& ref) {
  count_error(error.code);
  socket_.send(net::make_frame(error_frame(error, ref)));
}

void ClientConnection::on_drained() {
  if (session_) session_->catch_up();
}

void ClientConnection::on_slow() { socket_.close(kCloseSlow, "reads too slowly; reconnect to resume"); }

void ClientConnection::on_closed() { session_.reset(); }

}  // namespace c4a
