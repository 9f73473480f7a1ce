#pragma once

// A server on a free port with loops of its own, and a Service that the tests can look into.

#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "net/server.h"
#include "net/test_client.h"

namespace c4a::net {

// Things that happened on the loops, for the test's thread to wait for.
class EventLog {
 public:
  void add(const std::string& event);
  // False after ten seconds without the event (for the `times`th time).
  bool wait_for(const std::string& event, int times = 1);
  int count(const std::string& event);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, int> counts_;
};

// /echo answers with "METHOD body"; /hold keeps the reply for the test; /large answers with kLargeBytes; /empty with
// 204. WebSockets on /ws echo each message, except for "close" (4321), "flood" (frames until told slow), "burst" (three
// frames), "many" (kManyFrames frames) and "large". After "rest" nothing is read for kRestMs.
class TestService final : public Service {
 public:
  static constexpr std::size_t kLargeBytes = 8 * 1024 * 1024;
  static constexpr int kManyFrames = 5000;
  static constexpr int kRestMs = 200;

  void on_request(const HttpRequest& request, HttpReply reply) override;
  bool wants_websocket(const HttpRequest& request) override;
  std::unique_ptr<WebSocketListener> on_websocket(const HttpRequest& request, WebSocket& socket) override;
  HttpResponse on_protocol_error(const Error& error) override;

  // The oldest reply of /hold; waits for one.
  std::optional<HttpReply> take_held();
  EventLog& log() { return log_; }

  static std::string many_frame(int number);

 private:
  EventLog log_;
  std::mutex mutex_;
  std::vector<HttpReply> held_;
  int taken_ = 0;  // the test's thread only
};

class ServerTest : public testing::Test {
 protected:
  ~ServerTest() override { stop(); }

  // Port 0, and a short limit on everything that a test might wait for. `options_` may be changed before.
  void start();
  void stop();
  std::uint16_t port() const { return server_->port(); }

  static std::string get(const std::string& path, const std::string& fields = "");
  static std::string post(const std::string& path, const std::string& body);

  ServerOptions options_;
  TestService service_;
  std::size_t loop_count_ = 2;
  std::unique_ptr<Server> server_;

 private:
  std::vector<std::unique_ptr<EventLoop>> loops_;
  std::vector<std::jthread> threads_;
};

}  // namespace c4a::net
