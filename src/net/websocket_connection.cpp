#include "net/websocket_connection.h"

#include <sys/epoll.h>

#include <utility>

#include "net/server_loop.h"
#include "net/websocket_handshake.h"

namespace c4a::net {
namespace {

constexpr std::size_t kSendBytes = 256 * 1024;  // offered to the kernel at once
constexpr std::size_t kUnsentPongs = 4;         // RFC 6455 §5.5.3 lets pings go unanswered that another one followed
constexpr std::int64_t kFlushMs = 5000;
constexpr std::int64_t kCloseMs = 2000;

}  // namespace

WebSocketConnection::WebSocketConnection(ServerLoop& home, Transport transport)
    : Connection(home, std::move(transport), Clock::kStands), decoder_(home.limits().frame_bytes) {
  take_over_watching(EPOLLIN);
}

void WebSocketConnection::open(const HttpRequest& request, std::span<char> early) {
  queue_.push_raw(handshake_answer(request, home_.options().websocket_protocol));
  home_.at_turn_end(*this);  // the answer and the first frames leave in one write
  listener_ = home_.service().on_websocket(request, *this);
  take(early);
  if (!ended() && transport_.holds_input()) read();
}

EventLoop& WebSocketConnection::loop() { return home_.loop(); }

void WebSocketConnection::send(SharedFrame frame) {
  if (closing_ || ended()) return;
  queue_.push(std::move(frame));
  home_.at_turn_end(*this);
}

void WebSocketConnection::close(std::uint16_t code, std::string_view reason) {
  if (closing_ || ended()) return;
  closing_ = true;
  stop_resting();  // the peer's close frame is to be read
  append_close_frame(close_frame_, code, reason);
  if (queue_.bytes() > home_.limits().output_bytes) queue_.drop_unbegun();
  set_deadline_in_ms(kFlushMs);
  home_.at_turn_end(*this);
}

void WebSocketConnection::rest_ms(std::int64_t duration_ms) {
  if (resting_ || closing_ || ended()) return;
  resting_ = std::make_shared<WebSocketConnection*>(this);
  update_interest();
  loop().after_ms(duration_ms, [resting = resting_] {
    if (*resting == nullptr) return;
    auto& self = **resting;
    self.stop_resting();
    self.update_interest();
  });
}

void WebSocketConnection::stop_resting() {
  if (!resting_) return;
  *resting_ = nullptr;
  resting_ = nullptr;
}

void WebSocketConnection::update_interest() { set_interest((resting_ ? 0u : EPOLLIN) | (blocked_ ? EPOLLOUT : 0u)); }

void WebSocketConnection::on_ready(std::uint32_t epoll_events) {
  if ((epoll_events & EPOLLERR) != 0) return end();
  if ((epoll_events & EPOLLOUT) != 0) {
    blocked_ = false;
    write();
  }
  if (!ended() && (epoll_events & (EPOLLIN | EPOLLHUP)) != 0) read();
}

void WebSocketConnection::read() {
  do {
    const std::span<char> input = home_.input();
    const ssize_t count = transport_.receive(input.data(), input.size());
    if (count == Transport::kAgain) return;
    if (count == Transport::kEnded && peer_closed_ && !blocked_)
      write();  // it may wait for nothing but our close frame
    if (count <= 0) return end();
    take(input.first(static_cast<std::size_t>(count)));
  } while (!ended() && transport_.holds_input());
}

void WebSocketConnection::take(std::span<char> bytes) {
  while (!deaf_ && !ended()) {
    const WebSocketItem item = decoder_.next(bytes);
    if (item.kind == WebSocketItem::Kind::kNeedMore) return;
    handle(item);
  }
}

void WebSocketConnection::handle(const WebSocketItem& item) {
  using enum WebSocketItem::Kind;
  switch (item.kind) {
    case kNeedMore:
      return;
    case kText:
      if (!closing_) listener_->on_text(item.payload);
      return;
    case kPing:
      if (!closing_) answer_ping(item.payload);
      return;
    case kPong:
      if (!closing_) listener_->on_ping();
      return;
    case kClose:
      return peer_closes(item);
    case kFailed:
      deaf_ = true;
      return close(item.close_code, item.payload);
  }
}

void WebSocketConnection::answer_ping(std::string_view payload) {
  if (queue_.raw_bytes() < kUnsentPongs * kMaxControlBytes) {
    std::string pong;
    append_control_frame(pong, Opcode::kPong, payload);
    queue_.push_raw(pong);
    home_.at_turn_end(*this);
  }
  listener_->on_ping();
}

void WebSocketConnection::peer_closes(const WebSocketItem& item) {
  deaf_ = peer_closed_ = true;
  if (close_sent_) return end();
  close(item.close_code, {});
}

void WebSocketConnection::on_turn_end() {
  if (!blocked_) write();
  if (ended() || closing_ || told_slow_ || queue_.bytes() <= home_.limits().output_bytes) return;
  told_slow_ = true;
  listener_->on_slow();
}

void WebSocketConnection::write() {
  const bool had_output = !queue_.empty();
  for (;;) {
    if (queue_.empty() && closing_ && !close_frame_.empty()) queue_.push_raw(std::exchange(close_frame_, {}));
    if (queue_.empty()) break;
    const bool all = write_composed();
    if (ended()) return;
    if (!all) {
      blocked_ = true;
      return update_interest();
    }
  }
  update_interest();
  if (closing_) return close_sent();
  if (had_output) listener_->on_drained();
}

bool WebSocketConnection::write_composed() {
  std::string& scratch = home_.scratch();
  auto& pieces = home_.pieces();
  queue_.compose(home_.limits().frame_bytes, kSendBytes, scratch, pieces);
  if (!transport_.secure()) {
    const ssize_t sent = transport_.send(scratch);
    if (sent < 0) return end(), false;
    queue_.consume(static_cast<std::size_t>(sent), pieces, false);
    return static_cast<std::size_t>(sent) == scratch.size();
  }
  // Piece by piece: of the one that is cut, TLS has encrypted bytes that it did not count, and must be given them
  // again.
  std::size_t total = 0;
  for (const OutputQueue::Piece& piece : pieces) {
    const ssize_t sent = transport_.send(std::string_view(scratch).substr(total, piece.bytes));
    if (sent < 0) return end(), false;
    total += static_cast<std::size_t>(sent);
    if (static_cast<std::size_t>(sent) < piece.bytes) break;
  }
  queue_.consume(total, pieces, true);
  return total == scratch.size();
}

void WebSocketConnection::close_sent() {
  if (std::exchange(close_sent_, true)) return;
  if (peer_closed_) {
    transport_.end_output();
    return end();
  }
  // What could not be decoded may hide the peer's close frame: the end of our side makes it close.
  if (deaf_) transport_.end_output();
  set_deadline_in_ms(kCloseMs);
}

void WebSocketConnection::on_drain() { close(kCloseRestart, "The server restarts"); }

void WebSocketConnection::on_end() {
  stop_resting();
  if (listener_) listener_->on_closed();
}

}  // namespace c4a::net
