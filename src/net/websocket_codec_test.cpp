#include "net/websocket_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "net/http_message.h"
#include "net/websocket_handshake.h"

namespace c4a::net {
namespace {

using Kind = WebSocketItem::Kind;
using testing::ElementsAre;

constexpr std::size_t kMaxMessage = 100'000;
constexpr unsigned char kFin = 0x80;

// A masked frame as a client sends it; `first` is the first byte whole.
std::string frame(int first, const std::string& payload, std::size_t announced = std::string::npos) {
  const std::size_t size = announced == std::string::npos ? payload.size() : announced;
  std::string out(1, static_cast<char>(first));
  const auto big_endian = [&](int bytes) {
    for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(size >> (8 * i) & 0xff);
  };
  if (size < 126) {
    out += static_cast<char>(0x80 | size);
  } else if (size < 65536) {
    out += static_cast<char>(0x80 | 126);
    big_endian(2);
  } else {
    out += static_cast<char>(0x80 | 127);
    big_endian(8);
  }
  const std::string mask = "\x37\xfa\x21\x3d";
  out += mask;
  for (std::size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ mask[i % 4]);
  return out;
}

std::string text(const std::string& payload) { return frame(kFin | 1, payload); }
std::string close_payload(int code, const std::string& reason = "") {
  return std::string{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)} + reason;
}

std::string describe(const WebSocketItem& item) {
  const std::string code = std::to_string(item.close_code);
  switch (item.kind) {
    case Kind::kNeedMore:
      return "more";
    case Kind::kText:
      return "text:" + std::string(item.payload);
    case Kind::kPing:
      return "ping:" + std::string(item.payload);
    case Kind::kPong:
      return "pong:" + std::string(item.payload);
    case Kind::kClose:
      return "close:" + code + ":" + std::string(item.payload);
    case Kind::kFailed:
      return "failed:" + code;
  }
  return "";
}

// Decodes the pieces, each in memory of its own that ends with the padding the server gives.
std::vector<std::string> decode(const std::vector<std::string>& pieces) {
  WebSocketDecoder decoder(kMaxMessage);
  std::vector<std::string> seen;
  for (const std::string& piece : pieces) {
    std::vector<char> memory(piece.begin(), piece.end());
    memory.resize(piece.size() + kReadPadding);
    std::span<char> input(memory.data(), piece.size());
    for (;;) {
      const WebSocketItem item = decoder.next(input);
      if (item.kind == Kind::kNeedMore) break;
      seen.push_back(describe(item));
      if (item.kind == Kind::kFailed) return seen;
    }
    EXPECT_TRUE(input.empty());
  }
  return seen;
}

// In one piece, cut in two at every byte, and byte by byte.
std::vector<std::string> decode_every_way(const std::string& bytes) {
  const auto whole = decode({bytes});
  std::vector<std::string> single;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_EQ(decode({bytes.substr(0, i), bytes.substr(i)}), whole) << "cut at " << i;
    single.push_back(bytes.substr(i, 1));
  }
  EXPECT_EQ(decode(single), whole);
  return whole;
}

TEST(WebSocketDecoderTest, MessagesAreReadHoweverTheyAreCut) {
  EXPECT_THAT(decode_every_way(text("hello") + text("") + text("w\xc3\xb6rld")),
              ElementsAre("text:hello", "text:", "text:w\xc3\xb6rld"));
}

TEST(WebSocketDecoderTest, FragmentsAreJoinedWithPingsBetweenThem) {
  const std::string bytes = frame(1, "one ") + frame(kFin | 9, "p") + frame(0, "t\xc3") + frame(kFin | 10, "") +
                            frame(0, "") + frame(kFin | 0, "\xa9") + text("next");
  EXPECT_THAT(decode_every_way(bytes), ElementsAre("ping:p", "pong:", "text:one t\xc3\xa9", "text:next"));
}

TEST(WebSocketDecoderTest, LengthsAtTheEdgesOfTheirFormsAreRead) {
  for (const std::size_t size : {125u, 126u, 127u, 65535u, 65536u}) {
    const std::string payload(size, 'x');
    const std::string bytes = text(payload);
    EXPECT_THAT(decode({bytes}), ElementsAre("text:" + payload)) << size;
    EXPECT_THAT(decode({bytes.substr(0, 3), bytes.substr(3, 8), bytes.substr(11)}), ElementsAre("text:" + payload));
    EXPECT_EQ(bytes.size(), frame_header_bytes(size) + 4 + size);
  }
}

TEST(WebSocketDecoderTest, CloseFramesGiveCodeAndReason) {
  EXPECT_THAT(decode_every_way(frame(kFin | 8, close_payload(1000, "bye"))), ElementsAre("close:1000:bye"));
  EXPECT_THAT(decode_every_way(frame(kFin | 8, close_payload(4321))), ElementsAre("close:4321:"));
  EXPECT_THAT(decode_every_way(frame(kFin | 8, "")), ElementsAre("close:1005:"));
}

struct Bad {
  const char* why;
  std::string bytes;
  int code;
};
void PrintTo(const Bad& bad, std::ostream* out) { *out << bad.why; }

class BadFrameTest : public testing::TestWithParam<Bad> {};

TEST_P(BadFrameTest, FailsWithItsCodeHoweverItIsCut) {
  EXPECT_THAT(decode_every_way(GetParam().bytes), ElementsAre("failed:" + std::to_string(GetParam().code)));
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadFrameTest,
    testing::Values(
        Bad{"unmasked", std::string("\x81\x01", 2) + "a", 1002}, Bad{"a reserved bit", frame(kFin | 0x41, "a"), 1002},
        Bad{"a reserved data opcode", frame(kFin | 3, "a"), 1002},
        Bad{"a reserved control opcode", frame(kFin | 11, "a"), 1002}, Bad{"binary", frame(kFin | 2, "a"), 1003},
        Bad{"a fragmented ping", frame(9, "a"), 1002},
        Bad{"a ping too long", frame(kFin | 9, std::string(126, 'a')), 1002},
        Bad{"nothing to continue", frame(kFin | 0, "a"), 1002},
        Bad{"a message in a message", frame(1, "a") + text("b"), 1002}, Bad{"bad UTF-8", text("a\xff"), 1007},
        Bad{"UTF-8 cut short", text("a\xc3"), 1007}, Bad{"a surrogate", text("\xed\xa0\x80"), 1007},
        Bad{"bad UTF-8 over two fragments", frame(1, "a\xc3") + frame(kFin | 0, "b"), 1007},
        Bad{"a close frame of one byte", frame(kFin | 8, "a"), 1002},
        Bad{"close code 999", frame(kFin | 8, close_payload(999)), 1002},
        Bad{"close code 1005", frame(kFin | 8, close_payload(1005)), 1002},
        Bad{"close code 2999", frame(kFin | 8, close_payload(2999)), 1002},
        Bad{"close code 5000", frame(kFin | 8, close_payload(5000)), 1002},
        Bad{"a close reason that is not UTF-8", frame(kFin | 8, close_payload(1000, "\xff")), 1007},
        Bad{"a 16-bit length for 125", std::string("\x81\xfe\x00\x7d", 4) + "mask", 1002},
        Bad{"a 64-bit length for 65535", std::string("\x81\xff\0\0\0\0\0\0\xff\xff", 10) + "mask", 1002},
        Bad{"an announced length over the limit", frame(kFin | 1, "", kMaxMessage + 1), 4009},
        Bad{"a length past 63 bits", std::string("\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff", 10) + "mask", 4009},
        Bad{"fragments over the limit", frame(1, "aa") + frame(kFin | 0, "", kMaxMessage - 1), 4009}),
    [](const auto& test) {
      std::string name = test.param.why;
      std::ranges::replace_if(name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
      return name;
    });

TEST(WebSocketDecoderTest, AMessageOfExactlyTheLimitIsRead) {
  const std::string payload(kMaxMessage, 'x');
  EXPECT_THAT(decode({text(payload)}), ElementsAre("text:" + payload));
}

TEST(WebSocketDecoderTest, NothingIsHeldBetweenWholeMessages) {
  WebSocketDecoder decoder(kMaxMessage);
  const std::size_t empty = decoder.held_bytes();
  std::string bytes = text(std::string(5000, 'x'));
  std::span<char> first(bytes.data(), 100);
  EXPECT_EQ(decoder.next(first).kind, Kind::kNeedMore);
  EXPECT_GT(decoder.held_bytes(), empty);
  std::span<char> rest(bytes.data() + 100, bytes.size() - 100);
  EXPECT_EQ(decoder.next(rest).kind, Kind::kText);
  EXPECT_EQ(decoder.next(rest).kind, Kind::kNeedMore);
  EXPECT_EQ(decoder.held_bytes(), empty);
}

TEST(WebSocketDecoderTest, AWholeMessageIsNotCopied) {
  WebSocketDecoder decoder(kMaxMessage);
  std::string bytes = text("hello");
  bytes.append(kReadPadding, '\0');
  std::span<char> input(bytes.data(), bytes.size() - kReadPadding);
  EXPECT_EQ(decoder.next(input).payload.data(), bytes.data() + 6);
}

TEST(UnmaskTest, EveryPhaseAndLengthAgreesWithTheByteByByteRule) {
  const std::string mask = "\x01\x52\xa3\xf4";
  std::uint32_t word = 0;
  std::copy(mask.begin(), mask.end(), reinterpret_cast<char*>(&word));
  for (std::size_t phase = 0; phase < 4; ++phase) {
    for (std::size_t size = 0; size < 40; ++size) {
      std::string bytes(size, 'q');
      std::string expected = bytes;
      for (std::size_t i = 0; i < size; ++i) expected[i] = static_cast<char>(expected[i] ^ mask[(i + phase) % 4]);
      unmask(bytes.data(), size, word, phase);
      EXPECT_EQ(bytes, expected) << phase << ' ' << size;
    }
  }
}

TEST(WebSocketEncoderTest, HeadersHaveTheirShortestForm) {
  const auto header = [](std::size_t size) {
    std::string out;
    append_frame_header(out, Opcode::kText, size);
    EXPECT_EQ(out.size(), frame_header_bytes(size));
    return out;
  };
  EXPECT_EQ(header(125), "\x81\x7d");
  EXPECT_EQ(header(126), std::string("\x81\x7e\x00\x7e", 4));
  EXPECT_EQ(header(65535), "\x81\x7e\xff\xff");
  EXPECT_EQ(header(65536), std::string("\x81\x7f\0\0\0\0\0\1\0\0", 10));
}

TEST(WebSocketEncoderTest, ALongCloseReasonIsCutBetweenCharacters) {
  std::string out;
  append_close_frame(out, 4008, std::string(122, 'a') + "\xc3\xa9");
  EXPECT_EQ(out, "\x88\x7c\x0f\xa8" + std::string(122, 'a'));
}

TEST(WebSocketHandshakeTest, TheKeyOfTheStandardGivesTheAnswerOfTheStandard) {
  EXPECT_EQ(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

HttpRequest upgrade_request() {
  HttpRequest request;
  request.method = "GET";
  request.headers = {{"Connection", "keep-alive, Upgrade"},
                     {"Upgrade", "WebSocket"},
                     {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
                     {"Sec-WebSocket-Version", "13"},
                     {"Sec-WebSocket-Protocol", "other, chat4all.v1"}};
  return request;
}

TEST(WebSocketHandshakeTest, TheProtocolIsAnsweredOnlyIfOffered) {
  HttpRequest request = upgrade_request();
  ASSERT_TRUE(asks_for_websocket(request));
  ASSERT_EQ(check_handshake(request), HandshakeFault::kNone);
  EXPECT_THAT(handshake_answer(request, "chat4all.v1"), testing::HasSubstr("Sec-WebSocket-Protocol: chat4all.v1\r\n"));
  request.headers.back().second = "chat4all.v10";
  EXPECT_THAT(handshake_answer(request, "chat4all.v1"), testing::Not(testing::HasSubstr("Protocol:")));
}

TEST(WebSocketHandshakeTest, FaultsAreToldApart) {
  HttpRequest request = upgrade_request();
  request.headers[3].second = "8";
  EXPECT_EQ(check_handshake(request), HandshakeFault::kVersion);
  request.headers[3].second = "13";
  request.headers[2].second = "c2hvcnQ=";
  EXPECT_EQ(check_handshake(request), HandshakeFault::kKey);
  request.headers[1].second = "h2c";
  EXPECT_FALSE(asks_for_websocket(request));
}

}  // namespace
}  // namespace c4a::net
