// Measures the server alone.
//
//   net_bench serve PORT LOOPS               echoes on /ws and answers POSTs; each second that saw work: what it cost
//   net_bench load PORT SOCKETS SECONDS DEPTH  echo: DEPTH messages of 200 bytes in flight on each socket
//   net_bench post PORT SOCKETS SECONDS        POST: one request in flight on each socket
//   net_bench idle PORT SOCKETS                opens SOCKETS WebSockets, and holds them until end of input

#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "net/server.h"
#include "net/unique_fd.h"

namespace c4a::net {
namespace {

using std::chrono::steady_clock;

std::atomic<std::uint64_t> served = 0;

class EchoListener final : public WebSocketListener {
 public:
  explicit EchoListener(WebSocket& socket) : socket_(socket) {}
  void on_text(std::string_view message) override {
    served.fetch_add(1, std::memory_order_relaxed);
    socket_.send(make_frame(std::string(message)));
  }
  void on_closed() override {}

 private:
  WebSocket& socket_;
};

class EchoService final : public Service {
 public:
  void on_request(const HttpRequest& request, HttpReply reply) override {
    served.fetch_add(1, std::memory_order_relaxed);
    reply.send({202, "application/json", std::string(request.body), {}});
  }
  bool wants_websocket(const HttpRequest&) override { return true; }
  std::unique_ptr<WebSocketListener> on_websocket(const HttpRequest&, WebSocket& socket) override {
    return std::make_unique<EchoListener>(socket);
  }
  HttpResponse on_protocol_error(const Error& error) override {
    return {info(error.code).http_status, "text/plain", error.detail, {}};
  }
};

double cpu_us() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto us = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

double anonymous_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssAnon:")) return std::strtod(line.c_str() + 8, nullptr);
  }
  return 0;
}

int serve(std::uint16_t port, int loop_count) {
  std::vector<std::unique_ptr<EventLoop>> loops;
  std::vector<EventLoop*> pointers;
  for (int i = 0; i < loop_count; ++i) pointers.push_back(loops.emplace_back(std::make_unique<EventLoop>()).get());
  EchoService service;
  ServerOptions options;
  options.port = port;
  const auto server = Server::listen(options, pointers, service);
  if (!server) return fmt::print(stderr, "{}\n", server.error().detail), 1;
  std::vector<std::jthread> threads;
  for (EventLoop* loop : pointers) threads.emplace_back([loop] { loop->run(); });

  const double empty_kib = anonymous_kib();
  std::uint64_t last_served = 0;
  std::size_t last_open = 0;
  double last_cpu = cpu_us();
  for (;;) {
    std::this_thread::sleep_for(std::chrono::seconds(1));
    const std::uint64_t now_served = served.load(std::memory_order_relaxed);
    const std::size_t open = (*server)->open_connections();
    const double cpu = cpu_us();
    if (now_served > last_served) {
      const auto count = static_cast<double>(now_served - last_served);
      fmt::print("{:.0f} a second, {:.2f} us CPU each\n", count, (cpu - last_cpu) / count);
    }
    if (open != last_open && open > 0) {
      fmt::print("{} open, {:.0f} bytes of anonymous memory each\n", open,
                 (anonymous_kib() - empty_kib) * 1024 / static_cast<double>(open));
    }
    std::fflush(stdout);
    last_served = now_served;
    last_open = open;
    last_cpu = cpu;
  }
}

void require(bool done, const char* what) {
  if (done) return;
  std::perror(what);
  std::exit(1);
}

UniqueFd connect_to(std::uint16_t port, int number) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  // One loopback address has ports for 28,000 connections only.
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + static_cast<unsigned>(number / 20'000));
  const int yes = 1;
  ::setsockopt(fd.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
  require(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, "bind");
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  require(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, "connect");
  return fd;
}

void send_all(const UniqueFd& fd, const std::string& bytes) {
  require(::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) >= 0, "send");
}

std::vector<UniqueFd> open_sockets(std::uint16_t port, int count, bool upgrade) {
  std::vector<UniqueFd> sockets;
  for (int i = 0; i < count; ++i) {
    sockets.push_back(connect_to(port, i));
    if (!upgrade) continue;
    send_all(sockets.back(),
             "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
             "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    char answer[1024];
    require(::recv(sockets.back().get(), answer, sizeof answer, 0) > 0, "upgrade");
  }
  return sockets;
}

// What payloads consist of: answers are counted by it, however they are framed. No header byte at a DEPTH up to 10.
constexpr char kFill = '^';

// Sends `request` `depth` times on each socket, and again whenever a payload of `answer_bytes` has come back.
void run_load(const std::vector<UniqueFd>& sockets, const std::string& request, std::ptrdiff_t answer_bytes, int depth,
              int seconds) {
  const UniqueFd epoll(::epoll_create1(0));
  std::vector<std::ptrdiff_t> owed(sockets.size());
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, sockets[i].get(), &event);
    for (int j = 0; j < depth; ++j) send_all(sockets[i], request);
  }
  std::vector<char> buffer(65536);
  const auto end = steady_clock::now() + std::chrono::seconds(seconds);
  while (steady_clock::now() < end) {
    epoll_event events[256];
    const int count = ::epoll_wait(epoll.get(), events, 256, 100);
    for (int i = 0; i < count; ++i) {
      const std::size_t at = events[i].data.u64;
      const auto got = ::recv(sockets[at].get(), buffer.data(), buffer.size(), 0);
      require(got > 0, "recv");
      owed[at] += std::count(buffer.data(), buffer.data() + got, kFill);
      std::string next;
      for (; owed[at] >= answer_bytes; owed[at] -= answer_bytes) next += request;
      if (!next.empty()) send_all(sockets[at], next);
    }
  }
}

std::string masked_text(const std::string& payload) {
  std::string frame = "\x81";
  frame += static_cast<char>(0x80 | 126);
  frame += static_cast<char>(payload.size() >> 8);
  frame += static_cast<char>(payload.size() & 0xff);
  const std::string mask = "\x11\x22\x33\x44";
  frame += mask;
  for (std::size_t i = 0; i < payload.size(); ++i) frame += static_cast<char>(payload[i] ^ mask[i % 4]);
  return frame;
}

int load(std::uint16_t port, int count, int seconds, int depth) {
  run_load(open_sockets(port, count, true), masked_text(std::string(200, kFill)), 200, depth, seconds);
  return 0;
}

int post(std::uint16_t port, int count, int seconds) {
  const std::string body(300, kFill);
  const std::string request =
      "POST /v1/messages HTTP/1.1\r\nHost: localhost:8080\r\nAuthorization: Bearer c4a_0123456789\r\nAccept: */*\r\n"
      "Content-Type: application/json\r\nContent-Length: 300\r\n\r\n" +
      body;
  run_load(open_sockets(port, count, false), request, 300, 1, seconds);
  return 0;
}

int idle(std::uint16_t port, int count) {
  const auto sockets = open_sockets(port, count, true);
  fmt::print("{} open\n", sockets.size());
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  return 0;
}

int run(const std::vector<std::string>& words) {
  const auto number = [&](std::size_t at) { return std::atoi(words.at(at).c_str()); };
  const auto port = static_cast<std::uint16_t>(words.size() > 2 ? number(2) : 0);
  if (words.size() == 4 && words[1] == "serve") return serve(port, number(3));
  if (words.size() == 6 && words[1] == "load") return load(port, number(3), number(4), number(5));
  if (words.size() == 5 && words[1] == "post") return post(port, number(3), number(4));
  if (words.size() == 4 && words[1] == "idle") return idle(port, number(3));
  fmt::print(stderr,
             "usage: net_bench serve PORT LOOPS | load PORT SOCKETS SECONDS DEPTH | post PORT SOCKETS SECONDS | "
             "idle PORT SOCKETS\n");
  return 2;
}

}  // namespace
}  // namespace c4a::net

int main(int argc, char** argv) { return c4a::net::run(std::vector<std::string>(argv, argv + argc)); }
