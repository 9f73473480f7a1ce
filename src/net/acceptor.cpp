#include "net/acceptor.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "net/listen_socket.h"

namespace c4a::net {
namespace {

constexpr int kAcceptsPerTurn = 64;
// Out of descriptors or memory: closing connections is what helps, and asking again at once would only burn CPU.
constexpr std::int64_t kPauseMs = 100;

}  // namespace

Acceptor::Acceptor(UniqueFd listener, std::vector<std::shared_ptr<ServerLoop>> homes,
                   std::shared_ptr<ServerShared> shared, bool local)
    : listener_(std::move(listener)), homes_(std::move(homes)), shared_(std::move(shared)), local_(local) {}

void Acceptor::start() {
  if (listener_) homes_.front()->loop().watch(listener_.get(), EPOLLIN, this);
}

void Acceptor::close() {
  if (!listener_) return;
  homes_.front()->loop().unwatch(listener_.get());
  listener_.reset();
}

void Acceptor::on_ready(std::uint32_t) {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    if (accept_one() == Outcome::kStop) return;
  }
}

Acceptor::Outcome Acceptor::accept_one() {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  UniqueFd fd(::accept4(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!fd) {
    const int error = errno;
    if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) pause();
    // These are the fate of one connection that was gone before it was accepted.
    const bool more = error == ECONNABORTED || error == EINTR || error == EPROTO;
    return more ? Outcome::kGoOn : Outcome::kStop;
  }
  if (shared_->open_connections.load(std::memory_order_relaxed) >= shared_->options.limits.connections) {
    return Outcome::kGoOn;
  }
  hand_over(std::move(fd), ip_text(address));
  return Outcome::kGoOn;
}

void Acceptor::hand_over(UniqueFd fd, std::string peer_ip) {
  shared_->open_connections.fetch_add(1, std::memory_order_relaxed);
  const auto& home = homes_[next_home_++ % homes_.size()];
  if (home->loop().in_loop_thread()) return home->adopt(std::move(fd), std::move(peer_ip), local_);
  home->loop().post([home, socket = std::move(fd), ip = std::move(peer_ip), local = local_]() mutable {
    home->adopt(std::move(socket), std::move(ip), local);
  });
}

void Acceptor::pause() {
  EventLoop& loop = homes_.front()->loop();
  loop.unwatch(listener_.get());
  loop.after_ms(kPauseMs, [self = shared_from_this()] { self->start(); });
}

}  // namespace c4a::net
