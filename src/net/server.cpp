#include "net/server.h"

#include <csignal>
#include <utility>

#include "net/acceptor.h"
#include "net/listen_socket.h"
#include "net/server_loop.h"

namespace c4a::net {
namespace {

void ignore_sigpipe() {
  struct sigaction now{};
  if (::sigaction(SIGPIPE, nullptr, &now) == 0 && now.sa_handler == SIG_DFL) std::signal(SIGPIPE, SIG_IGN);
}

class EpollServer final : public Server {
 public:
  EpollServer(std::shared_ptr<ServerShared> shared, const std::vector<EventLoop*>& loops) : shared_(std::move(shared)) {
    for (EventLoop* loop : loops) homes_.push_back(std::make_shared<ServerLoop>(*loop, shared_));
  }

  ~EpollServer() override {
    for (const auto& acceptor : acceptors_) acceptor->close();
    for (const auto& home : homes_) home->shut();
    if (!control_path_.empty()) ::unlink(control_path_.c_str());
  }

  Result<void> open() {
    const ServerOptions& options = shared_->options;
    C4A_TRY(UniqueFd tcp, listen_tcp(options.address, options.port));
    port_ = local_port(tcp.get());
    add_acceptor(std::move(tcp), false);
    if (!options.control_socket_path.empty()) {
      C4A_TRY(UniqueFd control, listen_unix(options.control_socket_path));
      control_path_ = options.control_socket_path;
      add_acceptor(std::move(control), true);
    }
    for (const auto& acceptor : acceptors_) {
      homes_.front()->loop().post([acceptor] { acceptor->start(); });
    }
    return {};
  }

  std::uint16_t port() const override { return port_; }
  std::size_t open_connections() const override { return shared_->open_connections.load(std::memory_order_relaxed); }

  void drain() override {
    shared_->draining = true;
    for (const auto& acceptor : acceptors_) {
      homes_.front()->loop().post([acceptor] { acceptor->close(); });
    }
    for (const auto& home : homes_) {
      home->loop().post([home] { home->drain(); });
    }
  }

 private:
  void add_acceptor(UniqueFd listener, bool local) {
    acceptors_.push_back(std::make_shared<Acceptor>(std::move(listener), homes_, shared_, local));
  }

  const std::shared_ptr<ServerShared> shared_;
  std::vector<std::shared_ptr<ServerLoop>> homes_;
  std::vector<std::shared_ptr<Acceptor>> acceptors_;
  std::string control_path_;
  std::uint16_t port_ = 0;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::listen(ServerOptions options, std::vector<EventLoop*> loops, Service& service) {
  ignore_sigpipe();
  auto shared = std::make_shared<ServerShared>(std::move(options), service);
  auto server = std::make_unique<EpollServer>(std::move(shared), loops);
  C4A_CHECK(server->open());
  return server;
}

}  // namespace c4a::net
