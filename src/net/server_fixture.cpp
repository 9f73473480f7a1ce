#include "net/server_fixture.h"

#include <chrono>

namespace c4a::net {
namespace {

constexpr std::chrono::seconds kPatience{10};

class TestListener final : public WebSocketListener {
 public:
  TestListener(WebSocket& socket, EventLog& log) : socket_(socket), log_(log) {}

  void on_text(std::string_view message) override {
    // simdjson may look at the padding: so does the test, with AddressSanitizer behind it.
    std::string copy(message.data(), message.size() + kReadPadding);
    copy.resize(message.size());
    if (copy == "close") return socket_.close(4321, "as asked");
    if (copy == "flood") return flood();
    if (copy == "rest") socket_.rest_ms(TestService::kRestMs);
    if (copy == "burst") return send_all({"one", "two", "three"});
    if (copy == "large") return socket_.send(make_frame(std::string(TestService::kLargeBytes, 'x')));
    if (copy == "many") {
      for (int i = 0; i < TestService::kManyFrames; ++i) socket_.send(make_frame(TestService::many_frame(i)));
      return;
    }
    socket_.send(make_frame("echo:" + copy));
  }
  void on_drained() override { log_.add("drained"); }
  void on_slow() override {
    log_.add("slow");
    socket_.close(4008, "slow");
  }
  void on_ping() override { log_.add("ping"); }
  void on_closed() override { log_.add("closed"); }

 private:
  void send_all(std::initializer_list<const char*> frames) {
    for (const char* frame : frames) socket_.send(make_frame(frame));
  }
  void flood() {
    const auto frame = make_frame(std::string(1000, 'f'));
    for (int i = 0; i < 20'000; ++i) socket_.send(frame);
  }

  WebSocket& socket_;
  EventLog& log_;
};

}  // namespace

void EventLog::add(const std::string& event) {
  const std::scoped_lock lock(mutex_);
  ++counts_[event];
  changed_.notify_all();
}

bool EventLog::wait_for(const std::string& event, int times) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, [&] { return counts_[event] >= times; });
}

int EventLog::count(const std::string& event) {
  const std::scoped_lock lock(mutex_);
  return counts_[event];
}

void TestService::on_request(const HttpRequest& request, HttpReply reply) {
  HttpResponse response{200, "text/plain", {}, {}};
  if (request.path == "/hold") {
    const std::scoped_lock lock(mutex_);
    held_.push_back(std::move(reply));
    log_.add("held");
    return;
  }
  if (request.path == "/echo") {
    const std::string padded(request.body.data(), request.body.size() + kReadPadding);
    response.body = std::string(request.method) + " " + padded.substr(0, request.body.size());
  } else if (request.path == "/large") {
    response.body.assign(kLargeBytes, 'x');
  } else if (request.path == "/empty") {
    response.status = 204;
    response.body = "not sent";
  } else if (request.path == "/about") {
    response.body = std::string(request.peer_ip) + (request.secure ? " secure" : "") + (request.local ? " local" : "");
  } else if (request.path == "/split") {
    response.headers = {{"X-Fine", "yes"}, {"X-Split", "a\r\nX-Injected: b"}};
  } else {
    response.status = 404;
  }
  reply.send(std::move(response));
}

bool TestService::wants_websocket(const HttpRequest& request) { return request.path == "/ws"; }

std::unique_ptr<WebSocketListener> TestService::on_websocket(const HttpRequest& request, WebSocket& socket) {
  if (request.query == "greet") socket.send(make_frame("welcome"));
  log_.add("opened");
  return std::make_unique<TestListener>(socket, log_);
}

HttpResponse TestService::on_protocol_error(const Error& error) {
  return {info(error.code).http_status, "application/problem+json", std::string(info(error.code).name), {}};
}

std::optional<HttpReply> TestService::take_held() {
  if (!log_.wait_for("held", ++taken_)) return std::nullopt;
  const std::scoped_lock lock(mutex_);
  HttpReply reply = std::move(held_.front());
  held_.erase(held_.begin());
  return reply;
}

std::string TestService::many_frame(int number) {
  return std::to_string(number) + std::string(static_cast<std::size_t>(number % 300), '.');
}

void ServerTest::start() {
  options_.port = 0;
  for (std::size_t i = 0; i < loop_count_; ++i) loops_.push_back(std::make_unique<EventLoop>());
  std::vector<EventLoop*> loops;
  for (const auto& loop : loops_) loops.push_back(loop.get());
  auto server = Server::listen(options_, loops, service_);
  ASSERT_TRUE(server) << server.error().detail;
  server_ = std::move(*server);
  for (EventLoop* loop : loops) threads_.emplace_back([loop] { loop->run(); });
}

void ServerTest::stop() {
  for (const auto& loop : loops_) loop->stop();
  threads_.clear();
  server_.reset();
  loops_.clear();
}

std::string ServerTest::get(const std::string& path, const std::string& fields) {
  return "GET " + path + " HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
}

std::string ServerTest::post(const std::string& path, const std::string& body) {
  return "POST " + path + " HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace c4a::net
