#include "net/http_connection.h"

#include <sys/epoll.h>

#include <utility>

#include "net/response_head.h"
#include "net/server_loop.h"
#include "net/websocket_connection.h"
#include "net/websocket_handshake.h"

namespace c4a::net {
namespace {

// Requests that may wait behind the one being answered; then the socket is left unread.
constexpr std::size_t kPendingBytes = 64 * 1024;
// A body up to here is copied behind its head, which is cheaper than a second piece in the system call.
constexpr std::size_t kCopiedBodyBytes = 16 * 1024;
constexpr std::int64_t kLingerMs = 2000;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::int64_t ms(int seconds) { return std::int64_t{seconds} * 1000; }

}  // namespace

void HttpReply::send(HttpResponse response) const {
  if (!target_ || target_->answered.exchange(true)) return;
  if (target_->loop.in_loop_thread()) {
    if (target_->connection != nullptr) target_->connection->answer(std::move(response));
    return;
  }
  target_->loop.post([target = target_, late = std::move(response)]() mutable {
    if (target->connection != nullptr) target->connection->answer(std::move(late));
  });
}

EventLoop& HttpReply::loop() const { return target_->loop; }

HttpConnection::HttpConnection(ServerLoop& home, Transport transport, std::string peer_ip, bool local)
    : Connection(home, std::move(transport), Clock::kRuns), peer_ip_(std::move(peer_ip)), local_(local) {}

HttpConnection::~HttpConnection() {
  if (target_) target_->connection = nullptr;
}

void HttpConnection::on_end() {
  if (target_) target_->connection = nullptr;
}

void HttpConnection::start() {
  phase_ = transport_.secure() ? Phase::kHandshake : Phase::kWaiting;
  set_deadline_in_ms(ms(home_.limits().header_timeout_s));
  begin_watching(EPOLLIN);
}

void HttpConnection::on_ready(std::uint32_t epoll_events) {
  if (phase_ == Phase::kHandshake) return shake_hands();
  if ((epoll_events & EPOLLERR) != 0) return end();
  if ((epoll_events & EPOLLOUT) != 0) write_leftover();
  if (ended() || (epoll_events & (EPOLLIN | EPOLLHUP)) == 0) return;
  if ((interest() & EPOLLIN) != 0) return read();
  if ((epoll_events & EPOLLHUP) != 0) end();  // both directions are closed: no answer can arrive
}

void HttpConnection::shake_hands() {
  switch (transport_.handshake()) {
    case Transport::Handshake::kDone:
      phase_ = Phase::kWaiting;
      set_interest(EPOLLIN);
      return read();  // the first request may have come with the last of the handshake
    case Transport::Handshake::kWantsRead:
      return set_interest(EPOLLIN);
    case Transport::Handshake::kWantsWrite:
      return set_interest(EPOLLOUT);
    case Transport::Handshake::kFailed:
      return end();
  }
}

void HttpConnection::read() {
  do {
    if (phase_ == Phase::kLingering) return discard();
    if (pending_.size() - pending_used_ >= kPendingBytes) {
      paused_ = true;
      return update_interest();
    }
    const std::span<char> input = home_.input();
    const ssize_t count = transport_.receive(input.data(), input.size());
    if (count == Transport::kAgain) return;
    if (count == Transport::kEnded) {
      ended_input_ = true;
      const bool answers_owed = phase_ == Phase::kAnswering || !unsent_.empty() || !pending_.empty();
      return answers_owed ? update_interest() : end();
    }
    if (count < 0) return end();
    const std::span<char> bytes = input.first(static_cast<std::size_t>(count));
    const std::size_t used = process(bytes);
    if (!ended() && phase_ != Phase::kLingering) keep_pending(bytes.subspan(used));
  } while (!ended() && transport_.holds_input());
}

void HttpConnection::keep_pending(std::span<const char> bytes) {
  if (bytes.empty()) return;
  pending_.erase(0, std::exchange(pending_used_, 0));
  pending_.append(bytes.data(), bytes.size());
}

void HttpConnection::drop_pending() {
  std::string().swap(pending_);
  pending_used_ = 0;
}

void HttpConnection::discard() {
  const std::span<char> input = home_.input();
  ssize_t count = 0;
  do {
    count = transport_.receive(input.data(), input.size());
  } while (count > 0 && transport_.holds_input());
  if (count != Transport::kAgain && count <= 0) end();
}

std::size_t HttpConnection::process(std::span<char> bytes) {
  std::size_t used = 0;
  processing_ = true;
  while (used < bytes.size() && may_parse()) {
    if (!parser_) parser_ = home_.take_parser();
    used += parser_->feed({bytes.data() + used, bytes.size() - used});
    parsed(bytes.subspan(used));
  }
  processing_ = false;
  if (parser_ && parser_->state() == RequestParser::State::kIdle) home_.return_parser(std::move(parser_));
  return used;
}

void HttpConnection::parsed(std::span<char> rest) {
  const ServerLimits& limits = home_.limits();
  switch (parser_->state()) {
    case RequestParser::State::kIdle:
      return;
    case RequestParser::State::kHead:
      // The first request's time runs since the accept.
      if (phase_ == Phase::kWaiting && !fresh_) set_deadline_in_ms(ms(limits.header_timeout_s));
      phase_ = Phase::kHead;
      return;
    case RequestParser::State::kBody:
      if (phase_ == Phase::kBody) return;
      phase_ = Phase::kBody;
      set_deadline_in_ms(ms(limits.body_timeout_s));
      if (parser_->wants_continue()) write(kContinue, {});
      return;
    case RequestParser::State::kComplete:
      return handle_request(rest);
    case RequestParser::State::kFailed: {
      const Error error = parser_->error();
      parser_->reset();
      return refuse(error);
    }
  }
}

void HttpConnection::handle_request(std::span<char> rest) {
  HttpRequest& request = parser_->request();
  request.peer_ip = peer_ip_;
  request.secure = transport_.secure();
  request.local = local_;
  phase_ = Phase::kAnswering;
  suspend_deadline();
  keep_alive_ = request.keep_alive;
  head_only_ = request.method == "HEAD";
  http_1_0_ = parser_->is_http_1_0();
  if (!http_1_0_ && asks_for_websocket(request) && home_.service().wants_websocket(request)) return upgrade(rest);
  // One target serves many requests, unless someone still holds a reply to an earlier one.
  if (target_ && target_.use_count() == 1) {
    target_->answered = false;
  } else {
    if (target_) target_->connection = nullptr;
    target_ = std::make_shared<HttpReply::Target>(home_.loop(), this);
  }
  home_.service().on_request(request, HttpReply(target_));
  parser_->reset();
}

void HttpConnection::upgrade(std::span<char> rest) {
  const HandshakeFault fault = check_handshake(parser_->request());
  if (fault == HandshakeFault::kVersion) return refuse_version();
  if (fault == HandshakeFault::kKey || home_.draining()) {
    parser_->reset();
    if (fault == HandshakeFault::kKey)
      return refuse({ErrorCode::kBadRequest, "Sec-WebSocket-Key is malformed.", {}, {}});
    return refuse({ErrorCode::kUnavailable, "The server is stopping; connect again.", {}, 1});
  }
  auto* socket = new WebSocketConnection(home_, give_up());  // from here on this connection is only a parser's owner
  socket->open(parser_->request(), rest);
  parser_->reset();
}

void HttpConnection::refuse(const Error& error) {
  HttpResponse response = home_.service().on_protocol_error(error);
  phase_ = Phase::kAnswering;
  keep_alive_ = head_only_ = false;
  answer(std::move(response));
}

void HttpConnection::refuse_version() {
  parser_->reset();
  // The Service gives the header fields that all its answers have; the table of errors has no 426.
  HttpResponse response = home_.service().on_protocol_error({ErrorCode::kBadRequest, "", {}, {}});
  response.status = 426;
  response.content_type = "application/problem+json";
  response.body = R"({"type":"about:blank","title":"Upgrade Required","status":426,"code":"bad_request",)"
                  R"("detail":"Only version 13 of the WebSocket protocol is spoken here."})";
  response.headers.emplace_back("Sec-WebSocket-Version", "13");
  response.headers.emplace_back("Upgrade", "websocket");
  keep_alive_ = head_only_ = false;
  answer(std::move(response));
}

void HttpConnection::answer(HttpResponse response) {
  if (ended() || phase_ != Phase::kAnswering) return;
  const bool keep = keep_alive_ && !home_.draining() && !(ended_input_ && pending_.empty());
  phase_ = Phase::kWaiting;
  fresh_ = false;
  last_answer_ = !keep;
  write_response(response, keep);
  if (ended() || !unsent_.empty()) return;
  output_gone();
}

void HttpConnection::output_gone() {
  if (last_answer_) return linger();
  if (phase_ == Phase::kWaiting) set_deadline_in_ms(ms(home_.limits().idle_timeout_s));
  const bool more = !pending_.empty() || paused_ || ended_input_ || transport_.holds_input();
  if (more && !processing_) home_.at_turn_end(*this);
}

void HttpConnection::write_response(const HttpResponse& response, bool keep) {
  std::string& scratch = home_.scratch();
  scratch.clear();
  append_response_head(scratch, response, {home_.date(), keep, http_1_0_});
  if (head_only_ || !status_has_body(response.status)) return write(scratch, {});
  if (!transport_.secure() && response.body.size() > kCopiedBodyBytes) return write(scratch, response.body);
  scratch += response.body;
  write(scratch, {});
}

void HttpConnection::write(std::string_view head, std::string_view body) {
  const ssize_t sent = body.empty() ? transport_.send(head) : transport_.send(head, body);
  if (sent < 0) return end();
  const auto taken = static_cast<std::size_t>(sent);
  if (taken == head.size() + body.size()) return;
  if (taken < head.size()) {
    unsent_ = head.substr(taken);
    unsent_ += body;
  } else {
    unsent_ = body.substr(taken - head.size());
  }
  set_deadline_in_ms(ms(home_.limits().body_timeout_s));
  update_interest();
}

void HttpConnection::write_leftover() {
  if (unsent_.empty()) return;
  const ssize_t sent = transport_.send(std::string_view(unsent_).substr(unsent_used_));
  if (sent < 0) return end();
  unsent_used_ += static_cast<std::size_t>(sent);
  // Each piece that the peer takes gives it time for the next.
  if (sent > 0) set_deadline_in_ms(ms(home_.limits().body_timeout_s));
  if (unsent_used_ < unsent_.size()) return;
  std::string().swap(unsent_);
  unsent_used_ = 0;
  update_interest();
  output_gone();
}

void HttpConnection::linger() {
  phase_ = Phase::kLingering;
  if (!processing_) drop_pending();  // else the Service may still look at a request in it
  paused_ = false;
  transport_.end_output();
  if (ended_input_) return end();
  set_deadline_in_ms(kLingerMs);
  update_interest();
}

void HttpConnection::on_turn_end() { resume(); }

void HttpConnection::resume() {
  if (!may_parse()) return;
  if (!pending_.empty()) {
    pending_.reserve(pending_.size() + kReadPadding);
    const std::size_t used = process({pending_.data() + pending_used_, pending_.size() - pending_used_});
    if (ended()) return;
    pending_used_ += used;
    if (pending_used_ == pending_.size() || phase_ == Phase::kLingering) drop_pending();
  }
  if (!may_parse()) return;
  if (ended_input_) return end();
  if (paused_) {
    paused_ = false;
    update_interest();
  }
  if (transport_.holds_input()) read();
}

void HttpConnection::update_interest() {
  const bool reads = !ended_input_ && !paused_;
  set_interest((reads ? EPOLLIN : 0u) | (unsent_.empty() ? 0u : EPOLLOUT));
}

void HttpConnection::on_deadline() {
  const bool is_request_late =
      phase_ == Phase::kHead || phase_ == Phase::kBody || (phase_ == Phase::kWaiting && fresh_);
  if (!is_request_late || !unsent_.empty()) return end();
  if (parser_) parser_->reset();
  refuse({ErrorCode::kRequestTimeout, "The request did not arrive in time.", {}, {}});
}

void HttpConnection::on_drain() {
  if (phase_ == Phase::kHandshake || (phase_ == Phase::kWaiting && unsent_.empty() && pending_.empty())) return end();
  if (phase_ == Phase::kWaiting) last_answer_ = true;
}

}  // namespace c4a::net
