#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "net/server_fixture.h"

namespace c4a::net {
namespace {

class HttpServerTest : public ServerTest {};

TEST_F(HttpServerTest, AConnectionServesManyRequests) {
  start();
  TestClient client(port());
  for (int i = 0; i < 3; ++i) {
    client.send(post("/echo", "body " + std::to_string(i)));
    TestResponse response = client.read_response();
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "POST body " + std::to_string(i));
    EXPECT_EQ(response.headers["content-type"], "text/plain");
    EXPECT_THAT(response.headers["date"], testing::EndsWith(" GMT"));
    EXPECT_FALSE(response.headers.contains("connection"));
  }
}

TEST_F(HttpServerTest, PipelinedRequestsAreHandedOverOneAtATimeAndAnsweredInOrder) {
  start();
  TestClient client(port());
  client.send(post("/hold", "1") + post("/echo", "2") + post("/hold", "3") + post("/echo", "4"));
  for (const char* number : {"1", "3"}) {
    const auto reply = service_.take_held();
    ASSERT_TRUE(reply);
    EXPECT_EQ(service_.log().count("held"), *number == '1' ? 1 : 2);
    reply->send({200, "text/plain", number, {}});
  }
  for (const char* body : {"1", "POST 2", "3", "POST 4"}) EXPECT_EQ(client.read_response().body, body);
}

TEST_F(HttpServerTest, MoreIsPipelinedThanTheServerKeepsAndNothingIsLost) {
  start();
  TestClient client(port());
  constexpr int kRequests = 3000;
  std::jthread sender([&client] {
    client.send(post("/hold", ""));
    for (int i = 0; i < kRequests; ++i) client.send(post("/echo", std::to_string(i) + std::string(100, '.')));
  });
  const auto reply = service_.take_held();
  ASSERT_TRUE(reply);
  reply->send({200, "text/plain", "held", {}});
  EXPECT_EQ(client.read_response().body, "held");
  for (int i = 0; i < kRequests; ++i) {
    ASSERT_EQ(client.read_response().body, "POST " + std::to_string(i) + std::string(100, '.'));
  }
}

TEST_F(HttpServerTest, ChunkedAndLargeBodiesArrive) {
  start();
  TestClient client(port());
  client.send("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_EQ(client.read_response().body, "POST abcde");
  const std::string large(1000 * 1000, 'L');
  client.send(post("/echo", large));
  EXPECT_EQ(client.read_response().body, "POST " + large);
}

TEST_F(HttpServerTest, HeadKeepsTheLengthAndDropsTheBody) {
  start();
  TestClient client(port());
  client.send("HEAD /echo HTTP/1.1\r\nHost: h\r\n\r\n" + get("/echo"));
  TestResponse response = client.read_response(true);
  EXPECT_EQ(response.headers["content-length"], "5");
  EXPECT_EQ(client.read_response().body, "GET ");
}

TEST_F(HttpServerTest, NoContentHasNeitherBodyNorLength) {
  start();
  TestClient client(port());
  client.send(get("/empty") + get("/echo"));
  TestResponse response = client.read_response();
  EXPECT_EQ(response.status, 204);
  EXPECT_FALSE(response.headers.contains("content-length"));
  EXPECT_FALSE(response.headers.contains("content-type"));
  EXPECT_EQ(client.read_response().body, "GET ");
}

TEST_F(HttpServerTest, AHeaderWithALineBreakIsLeftOut) {
  start();
  TestClient client(port());
  client.send(get("/split"));
  TestResponse response = client.read_response();
  EXPECT_EQ(response.headers["x-fine"], "yes");
  EXPECT_FALSE(response.headers.contains("x-split"));
  EXPECT_FALSE(response.headers.contains("x-injected"));
}

TEST_F(HttpServerTest, AWaitingClientIsToldToSendItsBody) {
  start();
  TestClient client(port());
  client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_response().status, 100);
  client.send("ok");
  EXPECT_EQ(client.read_response().body, "POST ok");
}

TEST_F(HttpServerTest, Http10ClosesUnlessAskedNotTo) {
  start();
  TestClient client(port());
  client.send("GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(client.read_response().headers["connection"], "keep-alive");
  client.send("GET /echo HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.read_response().headers["connection"], "close");
  EXPECT_TRUE(client.ends());
}

TEST_F(HttpServerTest, ALargeAnswerReachesASlowReaderWhole) {
  start();
  TestClient client(port(), 4096);
  client.send(get("/large") + get("/echo"));
  EXPECT_EQ(client.read_response().body, std::string(TestService::kLargeBytes, 'x'));
  EXPECT_EQ(client.read_response().body, "GET ");
}

TEST_F(HttpServerTest, AnAnswerComesOnceAndFromAnyThread) {
  start();
  TestClient client(port());
  client.send(get("/hold"));
  const auto reply = service_.take_held();
  ASSERT_TRUE(reply);
  reply->send({200, "text/plain", "first", {}});
  reply->send({200, "text/plain", "second", {}});
  EXPECT_EQ(client.read_response().body, "first");
  client.send(get("/echo"));
  reply->send({200, "text/plain", "third", {}});
  EXPECT_EQ(client.read_response().body, "GET ");
}

TEST_F(HttpServerTest, AnAnswerToAConnectionThatIsGoneIsIgnored) {
  start();
  std::optional<HttpReply> reply;
  {
    TestClient client(port());
    client.send(get("/hold"));
    reply = service_.take_held();
  }
  ASSERT_TRUE(reply);
  reply->send({200, "text/plain", "late", {}});
  TestClient other(port());
  other.send(get("/echo"));
  EXPECT_EQ(other.read_response().status, 200);
  stop();
  reply->send({200, "text/plain", "later still", {}});
}

TEST_F(HttpServerTest, AClientThatClosedItsSideStillGetsItsAnswers) {
  start();
  TestClient client(port());
  client.send(get("/hold") + get("/echo"));
  client.end_output();
  const auto reply = service_.take_held();
  ASSERT_TRUE(reply);
  reply->send({200, "text/plain", "held", {}});
  EXPECT_EQ(client.read_response().body, "held");
  EXPECT_EQ(client.read_response().body, "GET ");
  EXPECT_TRUE(client.ends());
}

TEST_F(HttpServerTest, WhatPassesALimitIsAnsweredAndThenTheConnectionCloses) {
  options_.limits.header_bytes = 1000;
  options_.limits.target_bytes = 100;
  options_.limits.body_bytes = 1000;
  start();
  const std::pair<std::string, int> cases[] = {
      {post("/echo", std::string(300'000, 'x')), 413},
      {get("/echo", "A: " + std::string(2000, 'x') + "\r\n"), 431},
      {get("/" + std::string(200, 'x')), 414},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"nonsense", 400},
  };
  for (const auto& [text, status] : cases) {
    TestClient client(port());
    client.send(text);
    TestResponse response = client.read_response();
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(response.headers["connection"], "close");
    EXPECT_TRUE(client.ends());
  }
}

TEST_F(HttpServerTest, ABodyTooLargeIsRefusedBeforeItIsSent) {
  start();
  TestClient client(port());
  client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10000000\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_response().status, 413);
}

TEST_F(HttpServerTest, ALateHeadAndALateBodyAreAnswered408) {
  options_.limits.header_timeout_s = 1;
  options_.limits.body_timeout_s = 1;
  start();
  TestClient head(port());
  TestClient body(port());
  TestClient silent(port());
  head.send("GET /echo HTT");
  body.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  for (TestClient* client : {&head, &body, &silent}) {
    TestResponse response = client->read_response();
    EXPECT_EQ(response.status, 408);
    EXPECT_EQ(response.body, "request_timeout");
    EXPECT_TRUE(client->ends());
  }
}

TEST_F(HttpServerTest, AnIdleConnectionClosesSilently) {
  options_.limits.idle_timeout_s = 1;
  start();
  TestClient client(port());
  client.send(get("/echo"));
  EXPECT_EQ(client.read_response().status, 200);
  EXPECT_EQ(client.read_response().status, 0);
}

TEST_F(HttpServerTest, ARequestMayTakeLongerThanEveryTimeout) {
  options_.limits.header_timeout_s = 1;
  options_.limits.idle_timeout_s = 1;
  start();
  TestClient held(port());
  TestClient idle(port());
  held.send(get("/hold"));
  const auto reply = service_.take_held();
  ASSERT_TRUE(reply);
  idle.send(get("/echo"));
  idle.read_response();
  EXPECT_TRUE(idle.ends());  // all timeouts have passed by now
  reply->send({200, "text/plain", "in the end", {}});
  EXPECT_EQ(held.read_response().body, "in the end");
}

TEST_F(HttpServerTest, ConnectionsOverTheLimitAreClosedAtOnce) {
  options_.limits.connections = 1;
  start();
  TestClient first(port());
  first.send(get("/echo"));
  EXPECT_EQ(first.read_response().status, 200);
  TestClient second(port());
  EXPECT_TRUE(second.ends());
  EXPECT_EQ(server_->open_connections(), 1u);
}

TEST_F(HttpServerTest, ATakenAddressIsNamed) {
  start();
  EventLoop loop;
  ServerOptions options;
  options.port = port();
  const auto second = Server::listen(options, {&loop}, service_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(second.error().detail, "The address 127.0.0.1:" + std::to_string(port()) +
                                       " is in use; stop the other program or choose another with --listen.");
}

TEST_F(HttpServerTest, AServerWhoseLoopsNeverRanIsDestroyedSafely) {
  auto loop = std::make_unique<EventLoop>();
  ServerOptions options;
  options.port = 0;
  auto server = Server::listen(options, {loop.get()}, service_);
  ASSERT_TRUE(server);
  server->reset();
}

TEST_F(HttpServerTest, TheControlSocketIsLocalAndItsOwnersAlone) {
  const std::string path = testing::TempDir() + "c4a-control-" + std::to_string(::getpid());
  options_.control_socket_path = path;
  start();
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0600u);
  TestClient control(path);
  control.send(get("/about"));
  EXPECT_EQ(control.read_response().body, " local");
  TestClient other(port());
  other.send(get("/about"));
  EXPECT_EQ(other.read_response().body, "127.0.0.1");

  EventLoop loop;
  ServerOptions second = options_;
  second.port = 0;
  EXPECT_FALSE(Server::listen(second, {&loop}, service_)) << "someone listens there";
  stop();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(HttpServerTest, AControlSocketLeftBehindIsReplaced) {
  const std::string path = testing::TempDir() + "c4a-stale-" + std::to_string(::getpid());
  options_.control_socket_path = path;
  start();
  std::filesystem::rename(path, path + ".kept");
  stop();
  std::filesystem::rename(path + ".kept", path);  // a socket file without a listener
  start();
  TestClient control(path);
  control.send(get("/about"));
  EXPECT_EQ(control.read_response().body, " local");
}

TEST_F(HttpServerTest, DrainingClosesIdleConnectionsAndAnswersWhatRuns) {
  start();
  TestClient idle(port());
  idle.send(get("/echo"));
  idle.read_response();
  TestClient busy(port());
  busy.send(get("/hold"));
  const auto reply = service_.take_held();
  ASSERT_TRUE(reply);
  server_->drain();
  EXPECT_TRUE(idle.ends());
  reply->send({200, "text/plain", "the last", {}});
  TestResponse response = busy.read_response();
  EXPECT_EQ(response.body, "the last");
  EXPECT_EQ(response.headers["connection"], "close");
  EXPECT_TRUE(busy.ends());
  EXPECT_FALSE(TestClient(port()).connected());
}

}  // namespace
}  // namespace c4a::net
