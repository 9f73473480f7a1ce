#include "metadata_store/postgres/breakable_proxy.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace c4a {
namespace {

constexpr int kTickMs = 5;

int connect_to(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) return -1;
  const int socket = ::socket(found->ai_family, SOCK_STREAM, 0);
  const int connected = ::connect(socket, found->ai_addr, found->ai_addrlen);
  ::freeaddrinfo(found);
  if (connected == 0) return socket;
  ::close(socket);
  return -1;
}

}  // namespace

BreakableProxy::BreakableProxy(std::string host, std::string port)
    : host_(std::move(host)), server_port_(std::move(port)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 32) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::abort();
  }
  port_ = std::to_string(ntohs(address.sin_port));
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

BreakableProxy::~BreakableProxy() {
  thread_.request_stop();
  thread_.join();
  ::close(listener_);
}

void BreakableProxy::cut_after(std::string text) {
  const std::lock_guard lock(mutex_);
  cut_after_ = std::move(text);
}

void BreakableProxy::run(const std::stop_token& stop) {
  std::vector<Pair> pairs;
  const auto close_pair = [](const Pair& pair) {
    ::close(pair.client);
    ::close(pair.server);
  };
  while (!stop.stop_requested()) {
    if (silent_) {
      ::poll(nullptr, 0, kTickMs);
      continue;
    }
    std::vector<pollfd> sockets{{listener_, POLLIN, 0}};
    for (const auto& pair : pairs) {
      sockets.push_back({pair.client, POLLIN, 0});
      sockets.push_back({pair.server, POLLIN, 0});
    }
    if (::poll(sockets.data(), sockets.size(), kTickMs) <= 0 || silent_) continue;
    std::vector<Pair> kept;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      Pair& pair = pairs[i];
      bool open = sockets[1 + 2 * i].revents == 0 || pass(pair, pair.client, pair.server);
      open = open && (sockets[2 + 2 * i].revents == 0 || (!pair.doomed && pass(pair, pair.server, pair.client)));
      if (open) {
        kept.push_back(pair);
      } else {
        close_pair(pair);
      }
    }
    pairs = std::move(kept);
    if (sockets[0].revents != 0) accept_one(pairs);
  }
  for (const auto& pair : pairs) close_pair(pair);
}

void BreakableProxy::accept_one(std::vector<Pair>& pairs) {
  const int client = ::accept(listener_, nullptr, nullptr);
  const int server = connect_to(host_, server_port_);
  if (client >= 0 && server >= 0) {
    pairs.push_back({client, server});
    return;
  }
  ::close(client);
  ::close(server);
}

bool BreakableProxy::pass(Pair& pair, int from, int to) {
  char buffer[65536];
  const ssize_t got = ::recv(from, buffer, sizeof(buffer), 0);
  if (got <= 0) return false;
  if (from == pair.client) {
    const std::lock_guard lock(mutex_);
    const std::string_view bytes(buffer, static_cast<std::size_t>(got));
    if (!cut_after_.empty() && bytes.find(cut_after_) != std::string_view::npos) {
      pair.doomed = true;
      cut_after_.clear();
    }
  }
  return ::send(to, buffer, static_cast<std::size_t>(got), MSG_NOSIGNAL) == got;
}

}  // namespace c4a
