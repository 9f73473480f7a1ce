#include "bench/poller.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

namespace c4a::bench {
namespace {

constexpr std::size_t kReadBuffer = 256 * 1024;
constexpr int kEventsPerTurn = 512;
constexpr int kBacklog = 4096;
constexpr std::size_t kPerSource = 1000;

sockaddr_in address_of(const Endpoint& endpoint) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(endpoint.port);
  inet_pton(AF_INET, endpoint.ip.c_str(), &address.sin_addr);
  return address;
}

std::unexpected<Error> system_failure(std::string_view doing, const Endpoint& endpoint) {
  return fail(ErrorCode::kUnavailable, fmt::format("{} {}:{}: {}", doing, endpoint.ip, endpoint.port, strerror(errno)));
}

}  // namespace

std::int64_t now_us() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
}

Poller::Poller() : epoll_(epoll_create1(EPOLL_CLOEXEC)), read_buffer_(kReadBuffer) {
  prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL);  // due times are kept to a microsecond, not to the usual fifty
}

Poller::~Poller() { close(epoll_); }

void Poller::watch(int fd, std::uint32_t epoll_events, Pollable* target) {
  epoll_event event{.events = epoll_events, .data = {.ptr = target}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
}

void Poller::change(int fd, std::uint32_t epoll_events, Pollable* target) {
  epoll_event event{.events = epoll_events, .data = {.ptr = target}};
  epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event);
}

void Poller::unwatch(int fd) { epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr); }

void Poller::forget(Pollable* target) { std::erase(ending_, target); }

void Poller::turn(std::int64_t until_us) {
  end_turn();
  const auto wait_us = std::max<std::int64_t>(until_us - now_us(), 0);
  const timespec timeout{.tv_sec = wait_us / 1'000'000, .tv_nsec = wait_us % 1'000'000 * 1000};
  epoll_event events[kEventsPerTurn];
  const int ready = epoll_pwait2(epoll_, events, kEventsPerTurn, &timeout, nullptr);
  for (int i = 0; i < ready; ++i) static_cast<Pollable*>(events[i].data.ptr)->on_ready(events[i].events);
  end_turn();
}

void Poller::end_turn() {
  while (!ending_.empty()) {
    served_.swap(ending_);
    for (auto* target : served_) target->on_turn_end();
    served_.clear();
  }
}

Result<int> start_connect(const Endpoint& to, const std::string& source_ip) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return system_failure("no socket for", to);
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (!source_ip.empty()) {
    // The kernel picks the port when it knows both ends, so that each source address has all ports.
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    const Endpoint source{source_ip, 0};
    const auto address = address_of(source);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      close(fd);
      return system_failure("cannot bind", source);
    }
  }
  const auto address = address_of(to);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 && errno != EINPROGRESS) {
    close(fd);
    return system_failure("cannot connect to", to);
  }
  return fd;
}

std::string source_for(const Endpoint& server, std::size_t i) {
  if (!server.ip.starts_with("127.")) return {};
  const auto n = i / kPerSource;
  return fmt::format("127.0.{}.{}", n / 250, 2 + n % 250);
}

Result<int> listen_on(const Endpoint& at, std::uint16_t& bound_port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  auto address = address_of(at);
  socklen_t length = sizeof address;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), length) != 0 || listen(fd, kBacklog) != 0) {
    close(fd);
    return system_failure("cannot listen on", at);
  }
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  bound_port = ntohs(address.sin_port);
  return fd;
}

Result<std::uint16_t> free_port() {
  std::uint16_t port = 0;
  C4A_TRY(const int fd, listen_on({"127.0.0.1", 0}, port));
  close(fd);
  return port;
}

void raise_descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  rlimit wished{.rlim_cur = 200'000, .rlim_max = std::max<rlim_t>(limit.rlim_max, 200'000)};
  if (setrlimit(RLIMIT_NOFILE, &wished) == 0) return;  // root may go past the hard limit
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace c4a::bench
