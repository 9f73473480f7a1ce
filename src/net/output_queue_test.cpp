#include "net/output_queue.h"

#include <gtest/gtest.h>

#include <string>

#include "net/websocket_codec.h"

namespace c4a::net {
namespace {

constexpr std::size_t kMessageBytes = 20;
constexpr std::size_t kScratchBytes = 1000;

std::string message(const std::string& payload) {
  std::string out;
  append_frame_header(out, Opcode::kText, payload.size());
  return out + payload;
}

class OutputQueueTest : public testing::Test {
 protected:
  void push(const std::string& text) { queue_.push(make_frame(text)); }
  std::string compose() {
    queue_.compose(kMessageBytes, kScratchBytes, scratch_, pieces_);
    return scratch_;
  }
  // Lets a kernel take the output `step` bytes at a time, and gives all that it got.
  std::string drain(std::size_t step, bool pin) {
    std::string all;
    while (!queue_.empty()) {
      const std::string next = compose();
      const std::size_t sent = std::min(step, next.size());
      all += next.substr(0, sent);
      queue_.consume(sent, pieces_, pin);
    }
    return all;
  }

  OutputQueue queue_;
  std::string scratch_;
  std::vector<OutputQueue::Piece> pieces_;
};

TEST_F(OutputQueueTest, FramesAreJoinedIntoAsFewMessagesAsTheLimitAllows) {
  for (const char* text : {"12345678", "12345678", "abc", "d"}) push(text);
  EXPECT_EQ(compose(), message("12345678\n12345678") + message("abc\nd"));
}

TEST_F(OutputQueueTest, AMessageMayFillTheLimitExactly) {
  for (const char* text : {"1234567890", "123456789", "a"}) push(text);
  EXPECT_EQ(compose(), message("1234567890\n123456789") + message("a"));
}

TEST_F(OutputQueueTest, AFrameOverTheLimitIsAMessageOfItsOwn) {
  push("a");
  push(std::string(30, 'x'));
  push("b");
  EXPECT_EQ(compose(), message("a") + message(std::string(30, 'x')) + message("b"));
}

TEST_F(OutputQueueTest, HoweverLittleTheKernelTakesTheBytesAreTheSame) {
  for (std::size_t step = 1; step < 60; ++step) {
    for (const char* text : {"12345678", "12345678", "abc", "d", "a longer frame than fits"}) push(text);
    queue_.push_raw("RAW");
    const std::string expected =
        "RAW" + message("12345678\n12345678") + message("abc\nd") + message("a longer frame than fits");
    EXPECT_EQ(drain(step, false), expected) << step;
    EXPECT_EQ(queue_.bytes(), 0u);
  }
}

TEST_F(OutputQueueTest, ControlFramesWaitForTheEndOfAMessageThatHasBegun) {
  push("12345678");
  push("12345678");
  push("12345678");
  const std::string first = compose();
  queue_.consume(5, pieces_, false);
  queue_.push_raw("PONG");
  EXPECT_EQ(first.substr(0, 5) + compose(), message("12345678\n12345678") + "PONG" + message("12345678"));
}

TEST_F(OutputQueueTest, WhatHasBegunIsNotJoinedWithWhatComesLater) {
  push("abc");
  compose();
  queue_.consume(1, pieces_, false);
  push("d");
  EXPECT_EQ(compose(), message("abc").substr(1) + message("d"));
}

TEST_F(OutputQueueTest, APinnedMessageIsMadeAgainAsItWas) {
  push("abc");
  compose();
  queue_.consume(0, pieces_, true);
  push("d");
  EXPECT_EQ(compose(), message("abc") + message("d"));
}

TEST_F(OutputQueueTest, WithoutAPinUntouchedFramesAreJoinedAnew) {
  push("abc");
  compose();
  queue_.consume(0, pieces_, false);
  push("d");
  EXPECT_EQ(compose(), message("abc\nd"));
}

TEST_F(OutputQueueTest, DroppingLeavesOnlyWhatHasBegun) {
  for (const char* text : {"12345678", "12345678", "abc", "d"}) push(text);
  const std::string first = compose();
  queue_.consume(3, pieces_, false);
  queue_.drop_unbegun();
  EXPECT_EQ(first.substr(0, 3) + drain(100, false), message("12345678\n12345678"));
  EXPECT_EQ(queue_.bytes(), 0u);
}

TEST_F(OutputQueueTest, BytesCountWhatIsUnsent) {
  push("abc");
  push("de");
  EXPECT_EQ(queue_.bytes(), 7u);  // a separator each
  compose();
  queue_.consume(4, pieces_, false);
  EXPECT_LT(queue_.bytes(), 7u);
  EXPECT_GT(queue_.bytes(), 0u);
}

TEST_F(OutputQueueTest, AFrameIsSharedAndLetGoOnceSent) {
  const SharedFrame frame = make_frame("shared");
  queue_.push(frame);
  EXPECT_EQ(frame.use_count(), 2);
  drain(100, false);
  EXPECT_EQ(frame.use_count(), 1);
}

}  // namespace
}  // namespace c4a::net
