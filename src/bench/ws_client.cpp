#include "bench/ws_client.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "bench/frame_scan.h"
#include "bench/wire.h"

namespace c4a::bench {
namespace {

// A text message of the generator stays below what a server must take (256 KiB) and below 16-bit lengths.
constexpr std::size_t kMaxTextMessage = 60'000;
// RFC 6455's own example; the answer to it is known, so no SHA-1 is needed.
constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view kAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

}  // namespace

Result<void> WsClient::connect(const Endpoint& server, const WsLogin& login) {
  C4A_TRY(fd_, start_connect(server, login.source_ip));
  pending_ = fmt::format(
      "GET /ws HTTP/1.1\r\nHost: {}:{}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {}\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat4all.v1\r\nAuthorization: Bearer {}\r\n"
      "X-Device-Id: {}\r\n\r\n",
      server.ip, server.port, kKey, login.token, login.device_id);
  pending_at_ = 0;
  poller_.watch(fd_, EPOLLIN | EPOLLOUT, this);
  return {};
}

std::string& WsClient::new_frame() {
  if (frames_.size() > kMaxTextMessage) seal_frames();
  if (frames_.empty()) {
    frames_.resize(kWsHeadroom);
  } else {
    frames_ += '\n';
  }
  mark_dirty();
  return frames_;
}

void WsClient::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  poller_.forget(this);
  dirty_ = false;
}

void WsClient::on_ready(std::uint32_t epoll_events) {
  if (fd_ >= 0 && (epoll_events & EPOLLOUT) != 0 && blocked_) {
    blocked_ = false;
    poller_.change(fd_, EPOLLIN, this);
    write_pending();
    mark_dirty();
  }
  if (fd_ >= 0 && (epoll_events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) read();
}

void WsClient::read() {
  const auto buffer = poller_.read_buffer();
  const auto got = recv(fd_, buffer.data(), buffer.size(), 0);
  if (got > 0) {
    consume({buffer.data(), static_cast<std::size_t>(got)}, now_us());
  } else if (got == 0) {
    lose("the server closed the connection");
  } else if (errno != EAGAIN && errno != EINTR) {
    lose(fmt::format("the connection broke: {}", strerror(errno)));
  }
}

void WsClient::consume(std::string_view data, std::int64_t now) {
  const bool carried = !carry_.empty();
  if (carried) {
    carry_.append(data);
    data = carry_;
  }
  if (!upgraded_) on_handshake(data);
  WsFrame frame;
  auto taken = Take::kMore;
  while (upgraded_ && (taken = take_ws_frame(data, frame)) == Take::kTaken) {
    if (!on_ws_frame(frame.opcode, frame.final, frame.payload, now)) return;
  }
  if (taken == Take::kBroken) return lose("the server sent a broken WebSocket frame");
  if (lost_) return;
  if (carried) {
    carry_.erase(0, carry_.size() - data.size());
  } else {
    carry_.assign(data);
  }
  if (ready_) listener_.on_read_done(now);
}

void WsClient::on_handshake(std::string_view& data) {
  const auto end = data.find("\r\n\r\n");
  if (end == std::string_view::npos) return;
  const auto head = data.substr(0, end + 2);
  if (!head.starts_with("HTTP/1.1 101") || header_value(head, "sec-websocket-accept") != kAccept) {
    return lose(fmt::format("the upgrade was refused: {}", data.substr(0, 600)));
  }
  data.remove_prefix(end + 4);
  upgraded_ = true;
}

bool WsClient::on_ws_frame(std::uint8_t opcode, bool final, std::string_view payload, std::int64_t now) {
  switch (opcode) {
    case kWsText:
      if (final) {
        on_text(payload, now);
      } else {
        fragments_.assign(payload);
      }
      return true;
    case kWsContinuation:
      fragments_.append(payload);
      if (final) on_text(std::exchange(fragments_, {}), now);
      return true;
    case kWsPing:
      append_ws_frame(pending_, payload, kWsPong, true);
      mark_dirty();
      return true;
    case kWsPong:
      return true;
    case kWsClose: {
      const auto code = payload.size() < 2
                            ? 1005
                            : static_cast<std::uint8_t>(payload[0]) * 256 + static_cast<std::uint8_t>(payload[1]);
      lose(fmt::format("the server closed with {} {}", code, payload.substr(payload.size() < 2 ? 0 : 2)));
      return false;
    }
    default:
      lose(fmt::format("the server sent a WebSocket frame with opcode {}", opcode));
      return false;
  }
}

void WsClient::on_text(std::string_view message, std::int64_t now) {
  for_each_frame(message, [&](std::string_view frame) {
    if (!ready_ && frame_kind(frame) == FrameKind::kReady) {
      ready_ = true;
    } else {
      listener_.on_frame(frame, now);
    }
  });
}

void WsClient::seal_frames() {
  if (frames_.empty()) return;
  append_ws_frame(pending_, std::string_view(frames_).substr(kWsHeadroom), kWsText, true);
  frames_.clear();
}

void WsClient::on_turn_end() {
  dirty_ = false;
  if (fd_ < 0 || !upgraded_ || blocked_) return;  // what waits is asked for again once the socket can take it
  if (!pending_.empty() || frames_.empty()) {
    seal_frames();
    return write_pending();
  }
  // The usual case: nothing waits, so the frames leave from where they were written.
  const auto header = write_ws_header(frames_.data() + kWsHeadroom, frames_.size() - kWsHeadroom, kWsText, true);
  pending_.swap(frames_);
  frames_.clear();
  pending_at_ = kWsHeadroom - header;
  write_pending();
}

void WsClient::write_pending() {
  if (pending_at_ == pending_.size()) return;
  const auto put = ::send(fd_, pending_.data() + pending_at_, pending_.size() - pending_at_, MSG_NOSIGNAL);
  if (put < 0 && errno != EAGAIN) return lose(fmt::format("the connection broke: {}", strerror(errno)));
  if (put > 0) pending_at_ += static_cast<std::size_t>(put);
  if (pending_at_ == pending_.size()) {
    pending_.clear();
    pending_at_ = 0;
    return;
  }
  blocked_ = true;
  poller_.change(fd_, EPOLLIN | EPOLLOUT, this);
}

void WsClient::mark_dirty() {
  if (dirty_) return;
  dirty_ = true;
  poller_.at_turn_end(this);
}

void WsClient::lose(std::string reason) {
  if (lost_) return;
  lost_ = true;
  ready_ = false;
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  lost_reason_ = std::move(reason);
  listener_.on_lost(lost_reason_);
}

Result<void> connect_all(Poller& poller, const Endpoint& server, std::span<WsClient* const> clients,
                         const ConnectPlan& plan) {
  const auto deadline = now_us() + std::int64_t{plan.timeout_s} * 1'000'000;
  std::size_t started = 0;
  std::vector<std::size_t> waiting;
  while (started < clients.size() || !waiting.empty()) {
    while (started < clients.size() && waiting.size() < plan.at_once) {
      C4A_CHECK(clients[started]->connect(server, plan.login(started)));
      waiting.push_back(started++);
    }
    const auto now = now_us();
    poller.turn(std::min(deadline, now + 100'000));
    for (const auto i : waiting) {
      if (clients[i]->lost()) {
        return fail(ErrorCode::kUnavailable, fmt::format("WebSocket {}: {}", i, clients[i]->lost_reason()));
      }
    }
    std::erase_if(waiting, [&](std::size_t i) { return clients[i]->ready(); });
    if (now > deadline) {
      return fail(ErrorCode::kUnavailable, fmt::format("{} WebSockets are not ready after {} s; {} are", waiting.size(),
                                                       plan.timeout_s, started - waiting.size()));
    }
  }
  return {};
}

}  // namespace c4a::bench
