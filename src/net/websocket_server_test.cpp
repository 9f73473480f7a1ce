#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/server_fixture.h"
#include "net/websocket_codec.h"

namespace c4a::net {
namespace {

class WebSocketServerTest : public ServerTest {
 protected:
  // A client whose upgrade was answered.
  TestClient open(int receive_buffer_bytes = 0) {
    TestClient client(port(), receive_buffer_bytes);
    EXPECT_EQ(client.upgrade().status, 101);
    return client;
  }
};

std::string close_payload(int code) { return {static_cast<char>(code >> 8), static_cast<char>(code & 0xff)}; }

TEST_F(WebSocketServerTest, TheUpgradeIsAnsweredAndMessagesAreEchoed) {
  start();
  TestClient client(port());
  TestResponse response = client.upgrade("/ws", "Sec-WebSocket-Protocol: chat4all.v1\r\n");
  EXPECT_EQ(response.status, 101);
  EXPECT_EQ(response.headers["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(response.headers["sec-websocket-protocol"], "chat4all.v1");
  for (const std::string text : {"hello", "", "\xf0\x9f\x91\x8d"}) {
    client.send_text(text);
    const TestFrame frame = client.read_frame();
    EXPECT_EQ(frame.opcode, 1);
    EXPECT_EQ(frame.payload, "echo:" + text);
  }
}

TEST_F(WebSocketServerTest, WhatTheServiceSendsAtOnceFollowsTheAnswer) {
  start();
  TestClient client(port());
  EXPECT_EQ(client.upgrade("/ws?greet").status, 101);
  EXPECT_EQ(client.read_frame().payload, "welcome");
}

TEST_F(WebSocketServerTest, FramesBehindTheUpgradeRequestAreNotLost) {
  start();
  TestClient client(port());
  client.send(TestClient::upgrade_request("/ws", "") + TestClient::frame(0x81, "early"));
  EXPECT_EQ(client.read_response().status, 101);
  EXPECT_EQ(client.read_frame().payload, "echo:early");
}

TEST_F(WebSocketServerTest, AnUpgradeBehindAPipelinedRequestWorks) {
  start();
  TestClient client(port());
  client.send(get("/hold") + TestClient::upgrade_request("/ws", "") + TestClient::frame(0x81, "early"));
  const auto reply = service_.take_held();
  ASSERT_TRUE(reply);
  reply->send({200, "text/plain", "held", {}});
  EXPECT_EQ(client.read_response().body, "held");
  EXPECT_EQ(client.read_response().status, 101);
  EXPECT_EQ(client.read_frame().payload, "echo:early");
}

TEST_F(WebSocketServerTest, WrongUpgradesAreRefused) {
  start();
  TestClient version(port());
  TestResponse response = version.upgrade("/ws", "Sec-WebSocket-Version: 8\r\n");
  EXPECT_EQ(response.status, 426);
  EXPECT_EQ(response.headers["sec-websocket-version"], "13");
  EXPECT_EQ(TestClient(port()).upgrade("/ws", "Sec-WebSocket-Key: short\r\n").status, 400);
  EXPECT_EQ(TestClient(port()).upgrade("/elsewhere").status, 404);
}

TEST_F(WebSocketServerTest, FramesOfOneTurnLeaveAsOneMessage) {
  start();
  TestClient client = open();
  client.send_text("burst");
  EXPECT_EQ(client.read_frame().payload, "one\ntwo\nthree");
  EXPECT_TRUE(service_.log().wait_for("drained"));
}

TEST_F(WebSocketServerTest, WhatComesDuringARestIsToldAfterIt) {
  start();
  TestClient client = open();
  const auto before = std::chrono::steady_clock::now();
  client.send_text("rest");
  EXPECT_EQ(client.read_frame().payload, "echo:rest");
  client.send_text("one");
  client.send_text("two");
  EXPECT_EQ(client.read_frame().payload, "echo:one\necho:two");
  EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(TestService::kRestMs));
  client.send_text("three");
  EXPECT_EQ(client.read_frame().payload, "echo:three");
}

TEST_F(WebSocketServerTest, ARestEndsWhereTheServerCloses) {
  start();
  TestClient client = open();
  client.send(TestClient::frame(0x81, "rest") + TestClient::frame(0x81, "close"));
  EXPECT_EQ(client.read_frame().payload, "echo:rest");
  EXPECT_EQ(client.read_frame().close_code(), 4321);
  client.send_frame(0x88, close_payload(4321));
  EXPECT_TRUE(client.ends());
  EXPECT_TRUE(service_.log().wait_for("closed"));
}

TEST_F(WebSocketServerTest, AConnectionThatEndsDuringARestIsForgotten) {
  start();
  {
    TestClient client = open();
    client.send_text("rest");
    EXPECT_EQ(client.read_frame().payload, "echo:rest");
  }
  EXPECT_TRUE(service_.log().wait_for("closed"));
}

TEST_F(WebSocketServerTest, FragmentsAndPingsAreUnderstood) {
  start();
  TestClient client = open();
  client.send(TestClient::frame(0x01, "one ") + TestClient::frame(0x89, "p") + TestClient::frame(0x80, "two"));
  const TestFrame pong = client.read_frame();
  EXPECT_EQ(pong.opcode, 10);
  EXPECT_EQ(pong.payload, "p");
  EXPECT_EQ(client.read_frame().payload, "echo:one two");
  client.send_frame(0x8a, "");
  EXPECT_TRUE(service_.log().wait_for("ping", 2));
}

TEST_F(WebSocketServerTest, MessagesOfEverySizeComeBackWhole) {
  start();
  TestClient client = open();
  for (const std::size_t size : {125u, 126u, 65535u, 65536u, 200'000u}) {
    client.send_text(std::string(size, 'm'));
    EXPECT_EQ(client.read_frame().payload, "echo:" + std::string(size, 'm'));
  }
}

TEST_F(WebSocketServerTest, ByteByByteIsFineToo) {
  start();
  TestClient client = open();
  for (const char c : TestClient::frame(0x81, "slowly")) client.send({&c, 1});
  EXPECT_EQ(client.read_frame().payload, "echo:slowly");
  for (const char c : TestClient::frame(0x89, "ping")) client.send({&c, 1});
  EXPECT_EQ(client.read_frame().payload, "ping");
}

TEST_F(WebSocketServerTest, TheClientsCloseIsAnsweredAndTheConnectionEnds) {
  start();
  TestClient client = open();
  client.send_text("last");
  client.send_frame(0x88, close_payload(1000));
  EXPECT_EQ(client.read_frame().payload, "echo:last");
  EXPECT_EQ(client.read_frame().close_code(), 1000);
  EXPECT_TRUE(client.ends());
  EXPECT_TRUE(service_.log().wait_for("closed"));
  EXPECT_EQ(service_.log().count("closed"), 1);
}

TEST_F(WebSocketServerTest, TheServersCloseWaitsForTheClients) {
  start();
  TestClient client = open();
  client.send_text("close");
  EXPECT_EQ(client.read_frame().close_code(), 4321);
  EXPECT_EQ(service_.log().count("closed"), 0);
  client.send_frame(0x88, close_payload(4321));
  EXPECT_TRUE(client.ends());
  EXPECT_TRUE(service_.log().wait_for("closed"));
}

TEST_F(WebSocketServerTest, AClientThatDoesNotAnswerTheCloseIsCutOff) {
  start();
  TestClient client = open();
  client.send_text("close");
  EXPECT_EQ(client.read_frame().close_code(), 4321);
  EXPECT_TRUE(client.ends());
}

TEST_F(WebSocketServerTest, WhatMayNotBeSentClosesWithItsCode) {
  options_.limits.frame_bytes = 1000;
  start();
  const std::pair<std::string, int> cases[] = {
      {TestClient::frame(0x82, "binary"), 1003},
      {TestClient::frame(0x81, "\xff"), 1007},
      {TestClient::frame(0xc1, "reserved"), 1002},
      {TestClient::frame(0x81, std::string(300'000, 'x')), 4009},
  };
  for (const auto& [bytes, code] : cases) {
    TestClient client = open();
    client.send(bytes);
    EXPECT_EQ(client.read_frame().close_code(), code);
    EXPECT_TRUE(client.ends());
  }
}

TEST_F(WebSocketServerTest, AClientThatVanishesIsNoticed) {
  start();
  {
    const TestClient client = open();
    EXPECT_TRUE(service_.log().wait_for("opened"));
  }
  EXPECT_TRUE(service_.log().wait_for("closed"));
}

TEST_F(WebSocketServerTest, ManyFramesReachASlowReaderInOrder) {
  options_.limits.frame_bytes = 2000;
  options_.limits.output_bytes = 16 * 1024 * 1024;
  start();
  TestClient client = open(4096);
  client.send_text("many");
  std::string joined;
  std::string expected;
  for (int i = 0; i < TestService::kManyFrames; ++i) expected += TestService::many_frame(i) + "\n";
  while (joined.size() < expected.size()) {
    const TestFrame frame = client.read_frame();
    ASSERT_EQ(frame.opcode, 1);
    ASSERT_LE(frame.payload.size(), 2000u);
    joined += frame.payload + "\n";
  }
  EXPECT_EQ(joined, expected);
}

TEST_F(WebSocketServerTest, ASlowReaderIsToldOnceAndSeesTheCode) {
  options_.limits.output_bytes = 64 * 1024;
  start();
  TestClient client = open(4096);
  client.send_text("flood");
  EXPECT_TRUE(service_.log().wait_for("slow"));
  TestFrame frame = client.read_frame();
  while (frame.opcode == 1) frame = client.read_frame();
  EXPECT_EQ(frame.close_code(), 4008);
  EXPECT_EQ(service_.log().count("slow"), 1);
}

TEST_F(WebSocketServerTest, PongsToAClientThatDoesNotReadAreBounded) {
  options_.limits.output_bytes = 64 * 1024 * 1024;
  start();
  TestClient client = open(4096);
  client.send_text("large");
  EXPECT_EQ(client.read_exactly(2).size(), 2u);  // it is on its way, and blocks
  constexpr int kPings = 500;
  std::string pings;
  for (int i = 0; i < kPings; ++i) pings += TestClient::frame(0x89, std::string(125, 'p'));
  client.send(pings);
  EXPECT_TRUE(service_.log().wait_for("ping", kPings));
  EXPECT_EQ(client.read_exactly(8 + TestService::kLargeBytes).size(), 8 + TestService::kLargeBytes);
  client.send_frame(0x88, close_payload(1000));
  int pongs = 0;
  while (client.read_frame().opcode == 10) ++pongs;
  EXPECT_GE(pongs, 1);
  EXPECT_LE(pongs, 10);
}

TEST_F(WebSocketServerTest, DrainingClosesWith1012AfterTheQueuedOutput) {
  start();
  TestClient client = open();
  EXPECT_TRUE(service_.log().wait_for("opened"));
  server_->drain();
  EXPECT_EQ(client.read_frame().close_code(), 1012);
  client.send_frame(0x88, close_payload(1012));
  EXPECT_TRUE(client.ends());
  EXPECT_TRUE(service_.log().wait_for("closed"));
}

TEST_F(WebSocketServerTest, SocketsThatAreOpenWhenTheServerEndsAreTold) {
  start();
  const TestClient client = open();
  EXPECT_TRUE(service_.log().wait_for("opened"));
  stop();
  EXPECT_EQ(service_.log().count("closed"), 1);
}

}  // namespace
}  // namespace c4a::net
