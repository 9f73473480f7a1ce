#include "bench/floor_connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "bench/frame_scan.h"
#include "bench/wire.h"

namespace c4a::bench {
namespace {

constexpr std::size_t kMaxTextMessage = 60'000;

}  // namespace

FloorConnection::FloorConnection(Poller& poller, FloorService& service, int fd)
    : poller_(poller), service_(service), fd_(fd) {
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  poller_.watch(fd_, EPOLLIN, this);
}

FloorConnection::~FloorConnection() {
  if (fd_ >= 0) close(fd_);
}

std::string& FloorConnection::held() {
  if (!websocket_) return held_;
  if (held_.size() > kMaxTextMessage) seal();
  if (held_.empty()) {
    held_.resize(kWsHeadroom);
  } else {
    held_ += '\n';
  }
  return held_;
}

void FloorConnection::seal() {
  append_ws_frame(pending_, std::string_view(held_).substr(kWsHeadroom), kWsText, false);
  held_.clear();
}

void FloorConnection::release() {
  if (held_.empty()) return;
  if (!pending_.empty()) {
    if (websocket_) {
      seal();
    } else {
      pending_ += held_;
      held_.clear();
    }
  } else {
    if (websocket_) {
      const auto header = write_ws_header(held_.data() + kWsHeadroom, held_.size() - kWsHeadroom, kWsText, false);
      pending_at_ = kWsHeadroom - header;
    }
    pending_.swap(held_);
  }
  write();
}

void FloorConnection::answer_now(std::string_view bytes) {
  pending_ += bytes;
  write();
}

void FloorConnection::on_ready(std::uint32_t epoll_events) {
  if (gone) return;
  if ((epoll_events & EPOLLOUT) != 0 && blocked_) {
    blocked_ = false;
    poller_.change(fd_, EPOLLIN, this);
    write();
  }
  if (gone || (epoll_events & ~static_cast<std::uint32_t>(EPOLLOUT)) == 0) return;
  const auto buffer = poller_.read_buffer();
  const auto got = recv(fd_, buffer.data(), buffer.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return lose();
  std::string_view data(buffer.data(), static_cast<std::size_t>(got));
  const bool carried = !carry_.empty();
  if (carried) {
    carry_.append(data);
    data = carry_;
  }
  while (!gone && take_one(data)) {
  }
  if (carried) {
    carry_.erase(0, carry_.size() - data.size());
  } else {
    carry_.assign(data);
  }
}

bool FloorConnection::take_one(std::string_view& data) { return websocket_ ? take_frame(data) : take_request(data); }

bool FloorConnection::take_request(std::string_view& data) {
  const auto head_end = data.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return false;
  const auto head = data.substr(0, head_end + 2);
  const auto body_size = leading_number(header_value(head, "content-length")).value_or(0);
  if (data.size() < head_end + 4 + body_size) return false;
  const auto body = data.substr(head_end + 4, body_size);
  data.remove_prefix(head_end + 4 + body_size);
  service_.on_request(*this, head, body);
  return true;
}

bool FloorConnection::take_frame(std::string_view& data) {
  WsFrame frame;
  const auto taken = take_ws_frame(data, frame);
  if (taken == Take::kMore) return false;
  // It serves the generator alone, which masks with 0 and sends no fragments.
  if (taken == Take::kBroken || !frame.masked || frame.mask != 0 || frame.opcode != kWsText || !frame.final) {
    lose();
    return false;
  }
  for_each_frame(frame.payload, [this](std::string_view text) { service_.on_frame(*this, text); });
  return true;
}

void FloorConnection::write() {
  if (gone || blocked_ || pending_at_ == pending_.size()) return;
  const auto put = ::send(fd_, pending_.data() + pending_at_, pending_.size() - pending_at_, MSG_NOSIGNAL);
  if (put < 0 && errno != EAGAIN) return lose();
  if (put > 0) pending_at_ += static_cast<std::size_t>(put);
  if (pending_at_ == pending_.size()) {
    pending_.clear();
    pending_at_ = 0;
    return;
  }
  blocked_ = true;
  poller_.change(fd_, EPOLLIN | EPOLLOUT, this);
}

void FloorConnection::lose() {
  if (gone) return;
  gone = true;
  close(std::exchange(fd_, -1));
  service_.on_gone(*this);
}

}  // namespace c4a::bench
