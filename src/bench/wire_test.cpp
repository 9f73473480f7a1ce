#include "bench/wire.h"

#include <gtest/gtest.h>

#include "bench/message_text.h"
#include "bench/pacer.h"

namespace c4a::bench {
namespace {

TEST(WireTest, AFrameComesBackAsItWasWritten) {
  for (const std::size_t size : {0U, 1U, 125U, 126U, 300U, 65'535U}) {
    for (const bool masked : {false, true}) {
      std::string bytes;
      append_ws_frame(bytes, std::string(size, 'x'), kWsText, masked);
      std::string_view data = bytes;
      WsFrame frame;
      ASSERT_EQ(take_ws_frame(data, frame), Take::kTaken);
      EXPECT_EQ(frame.opcode, kWsText);
      EXPECT_EQ(frame.masked, masked);
      EXPECT_TRUE(frame.final);
      EXPECT_EQ(frame.payload, std::string(size, 'x'));
      EXPECT_TRUE(data.empty());
    }
  }
}

TEST(WireTest, EveryFrontPartOfAFrameAsksForMore) {
  std::string bytes;
  append_ws_frame(bytes, std::string(300, 'x'), kWsText, true);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    std::string_view data(bytes.data(), size);
    WsFrame frame;
    EXPECT_EQ(take_ws_frame(data, frame), Take::kMore);
    EXPECT_EQ(data.size(), size);
  }
}

TEST(WireTest, ReservedBitsAndEnormousLengthsBreakAFrame) {
  WsFrame frame;
  std::string_view reserved("\xC1\x00", 2);
  EXPECT_EQ(take_ws_frame(reserved, frame), Take::kBroken);
  std::string_view enormous("\x81\x7F\x00\x00\x00\xFF\x00\x00\x00\x00", 10);
  EXPECT_EQ(take_ws_frame(enormous, frame), Take::kBroken);
}

TEST(WireTest, AnswersAreTakenOneByOne) {
  std::string_view data =
      "HTTP/1.1 202 Accepted\r\ncontent-LENGTH:  2\r\n\r\n{}HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nConte";
  HttpAnswer answer;
  ASSERT_EQ(take_http_answer(data, answer), Take::kTaken);
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.body, "{}");
  ASSERT_EQ(take_http_answer(data, answer), Take::kTaken);
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(take_http_answer(data, answer), Take::kMore);
}

TEST(WireTest, AnAnswerWithoutLengthIsBroken) {
  std::string_view data = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  HttpAnswer answer;
  EXPECT_EQ(take_http_answer(data, answer), Take::kBroken);
  data = "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n\r\n";
  EXPECT_EQ(take_http_answer(data, answer), Take::kBroken);
}

TEST(WireTest, HeadersAreFoundInAnyLetterCase) {
  constexpr std::string_view kHead = "GET /ws HTTP/1.1\r\nHost: a\r\nX-Act-As:  ana \r\n";
  EXPECT_EQ(header_value(kHead, "x-act-as"), "ana");
  EXPECT_EQ(header_value(kHead, "host"), "a");
  EXPECT_EQ(header_value(kHead, "act-as"), "");
}

TEST(MessageWriterTest, TheTextHasTheLengthAskedForAndStartsWithItsNumber) {
  MessageWriter writer(300, false);
  std::string frame;
  writer.append_frame(frame, 42, "c");
  const auto start = frame.find(R"("text":")") + 8;
  EXPECT_EQ(frame.substr(start, kNumberDigits), "0000000042");
  EXPECT_EQ(frame.find('"', start) - start, 300U);
  EXPECT_TRUE(frame.ends_with("\"}}}"));
}

TEST(MessageWriterTest, OwnIdsDiffer) {
  MessageWriter writer(10, true);
  std::string one;
  std::string other;
  writer.append_body(one, 1, "c");
  writer.append_body(other, 1, "c");
  EXPECT_EQ(one.size(), other.size());
  EXPECT_NE(one, other);
}

TEST(PacerTest, EventsAreDueAtTheirTimesHoweverLateTheyAreTaken) {
  Pacer pacer(1000, 10'000);
  EXPECT_FALSE(pacer.due(999));
  EXPECT_TRUE(pacer.due(1000));
  EXPECT_EQ(pacer.take(), 1000);
  EXPECT_EQ(pacer.take(), 1100);
  EXPECT_EQ(pacer.next_due_us(), 1200);
  EXPECT_EQ(pacer.taken(), 2U);
}

}  // namespace
}  // namespace c4a::bench
