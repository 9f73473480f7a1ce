#include "net/request_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace c4a::net {
namespace {

using State = RequestParser::State;

constexpr RequestLimits kLimits{512, 128, 64};

struct Parsed {
  State state = State::kIdle;
  std::size_t used = 0;
  std::string method, target, path, query, body, fields;
  bool keep_alive = false;
  ErrorCode error = ErrorCode::kInternal;
  bool operator==(const Parsed&) const = default;
};

void PrintTo(const Parsed& parsed, std::ostream* out) {
  *out << "state " << static_cast<int>(parsed.state) << " used " << parsed.used << ' ' << parsed.method << ' '
       << parsed.target << " body '" << parsed.body << "' fields " << parsed.fields << " error "
       << info(parsed.error).name;
}

// Feeds the pieces, each from memory that is gone when the next one comes.
Parsed parse(const std::vector<std::string>& pieces) {
  RequestParser parser(kLimits);
  Parsed parsed;
  for (const std::string& piece : pieces) {
    std::vector<char> memory(piece.begin(), piece.end());
    memory.resize(piece.size() + kReadPadding, '#');
    parsed.used += parser.feed({memory.data(), piece.size()});
    parsed.state = parser.state();
    if (parsed.state == State::kFailed) {
      parsed.error = parser.error().code;
      parsed.used = 0;  // how far it looked before it gave up means nothing
      return parsed;
    }
    if (parsed.state != State::kComplete) continue;
    const HttpRequest& request = parser.request();
    parsed.method = request.method;
    parsed.target = request.target;
    parsed.path = request.path;
    parsed.query = request.query;
    parsed.body = request.body;
    parsed.keep_alive = request.keep_alive;
    for (const auto& [name, value] : request.headers) {
      parsed.fields += std::string(name) + "=" + std::string(value) + ";";
    }
    return parsed;
  }
  return parsed;
}

// The text in one piece, then cut in two at every byte, then byte by byte: always the same outcome.
Parsed parse_every_way(const std::string& text) {
  const Parsed whole = parse({text});
  std::vector<std::string> bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    EXPECT_EQ(parse({text.substr(0, i), text.substr(i)}), whole) << "cut at " << i << " of " << text;
    bytes.push_back(text.substr(i, 1));
  }
  EXPECT_EQ(parse(bytes), whole) << text;
  return whole;
}

struct Bad {
  const char* why;
  std::string text;
  ErrorCode code = ErrorCode::kBadRequest;
};
void PrintTo(const Bad& bad, std::ostream* out) { *out << bad.why; }

class BadRequestTest : public testing::TestWithParam<Bad> {};

TEST_P(BadRequestTest, IsRefusedHoweverItIsCut) {
  const Parsed parsed = parse_every_way(GetParam().text);
  EXPECT_EQ(parsed.state, State::kFailed);
  EXPECT_EQ(parsed.error, GetParam().code) << info(parsed.error).name;
}

std::string with(const std::string& fields, const std::string& body = "") {
  return "POST / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n" + body;
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadRequestTest,
    testing::Values(
        Bad{"both lengths", with("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
        Bad{"both lengths, the other way", with("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n")},
        Bad{"Content-Length twice", with("Content-Length: 3\r\nContent-Length: 3\r\n", "abc")},
        Bad{"conflicting Content-Length", with("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd")},
        Bad{"a list as Content-Length", with("Content-Length: 3, 3\r\n", "abc")},
        Bad{"a negative Content-Length", with("Content-Length: -3\r\n", "abc")},
        Bad{"a signed Content-Length", with("Content-Length: +3\r\n", "abc")},
        Bad{"a hexadecimal Content-Length", with("Content-Length: 0x3\r\n", "abc")},
        Bad{"an empty Content-Length", with("Content-Length:\r\n", "abc")},
        Bad{"a Content-Length past 64 bits", with("Content-Length: 99999999999999999999999\r\n")},
        Bad{"gzip before chunked", with("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")},
        Bad{"chunked twice", with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
        Bad{"identity", with("Transfer-Encoding: identity\r\n")},
        Bad{"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        Bad{"a chunk size that is no number", with("Transfer-Encoding: chunked\r\n", "x\r\nabc\r\n0\r\n\r\n")},
        Bad{"no chunk size", with("Transfer-Encoding: chunked\r\n", "\r\nabc\r\n0\r\n\r\n")},
        Bad{"a space behind a chunk size", with("Transfer-Encoding: chunked\r\n", "3 \r\nabc\r\n0\r\n\r\n")},
        Bad{"a chunk longer than said", with("Transfer-Encoding: chunked\r\n", "3\r\nabcd\r\n0\r\n\r\n")},
        Bad{"a chunk that ends with LF", with("Transfer-Encoding: chunked\r\n", "3\r\nabc\n0\r\n\r\n")},
        Bad{"a chunk size that ends with LF", with("Transfer-Encoding: chunked\r\n", "3\nabc\r\n0\r\n\r\n")},
        Bad{"a chunk size of 16 digits",
            with("Transfer-Encoding: chunked\r\n", "0000000000000003\r\nabc\r\n0\r\n\r\n")},
        Bad{"a folded trailer", with("Transfer-Encoding: chunked\r\n", "0\r\n a: b\r\n\r\n")},
        Bad{"no Host", "GET / HTTP/1.1\r\nAccept: x\r\n\r\n"},
        Bad{"Host twice", "GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n"},
        Bad{"Host twice in HTTP/1.0", "GET / HTTP/1.0\r\nHost: h\r\nHost: i\r\n\r\n"},
        Bad{"two hosts in one", "GET / HTTP/1.1\r\nHost: h, i\r\n\r\n"}, Bad{"a folded field", with("A: b\r\n c\r\n")},
        Bad{"a field folded with a tab", with("A: b\r\n\tc\r\n")},
        Bad{"a folded first field", "GET / HTTP/1.1\r\n Host: h\r\n\r\n"},
        Bad{"a space before the colon", with("A : b\r\n")}, Bad{"a tab before the colon", with("A\t: b\r\n")},
        Bad{"a space in a name", with("A b: c\r\n")}, Bad{"an empty name", with(": c\r\n")},
        Bad{"no colon", with("A\r\n")}, Bad{"NUL in a value", with(std::string("A: b\0c\r\n", 8))},
        Bad{"NUL in a name", with(std::string("A\0: c\r\n", 7))}, Bad{"bare CR in a value", with("A: b\rc\r\n")},
        Bad{"bare LF behind a field", with("A: b\n")}, Bad{"bare LF at the end", "GET / HTTP/1.1\r\nHost: h\r\n\n"},
        Bad{"bare LF behind the request line", "GET / HTTP/1.1\nHost: h\r\n\r\n"},
        Bad{"a control character in a value", with("A: b\x01\r\n")},
        Bad{"two spaces before the target", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n"},
        Bad{"two spaces before the version", "GET /  HTTP/1.1\r\nHost: h\r\n\r\n"},
        Bad{"a fragment", "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n"},
        Bad{"a tab in the target", "GET /a\tb HTTP/1.1\r\nHost: h\r\n\r\n"},
        Bad{"no target", "GET HTTP/1.1\r\nHost: h\r\n\r\n"},
        Bad{"a relative target", "GET a HTTP/1.1\r\nHost: h\r\n\r\n"},
        Bad{"an unknown method", "FROBNICATE / HTTP/1.1\r\nHost: h\r\n\r\n", ErrorCode::kMethodNotAllowed},
        Bad{"a lower-case method", "get / HTTP/1.1\r\nHost: h\r\n\r\n"},
        Bad{"HTTP/2", "GET / HTTP/2.0\r\nHost: h\r\n\r\n"}, Bad{"HTTP/0.9", "GET /\r\n\r\n"},
        Bad{"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
        Bad{"a TLS hello", std::string("\x16\x03\x01\x02\x00\x01", 6)},
        Bad{"a head over the limit", with("A: " + std::string(600, 'a') + "\r\n"), ErrorCode::kHeadersTooLarge},
        Bad{"a head that does not end", "GET / HTTP/1.1\r\nHost: h\r\nA: " + std::string(600, 'a'),
            ErrorCode::kHeadersTooLarge},
        Bad{"a long target", "GET /" + std::string(128, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n", ErrorCode::kUriTooLong},
        Bad{"a target over all limits", "GET /" + std::string(600, 'a'), ErrorCode::kUriTooLong},
        Bad{"a body over the limit", with("Content-Length: 65\r\n"), ErrorCode::kBodyTooLarge},
        Bad{"a body far over the limit", with("Content-Length: 1844674407370955160\r\n"), ErrorCode::kBodyTooLarge},
        Bad{"a chunk over the limit", with("Transfer-Encoding: chunked\r\n", "41\r\n"), ErrorCode::kBodyTooLarge},
        Bad{"chunks over the limit", with("Transfer-Encoding: chunked\r\n", "1\r\na\r\n40\r\n"),
            ErrorCode::kBodyTooLarge},
        Bad{"endless chunk extensions", with("Transfer-Encoding: chunked\r\n", "1;" + std::string(600, 'a')),
            ErrorCode::kBodyTooLarge}),
    [](const auto& test) {
      std::string name = test.param.why;
      std::ranges::replace_if(name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
      return name;
    });

TEST(RequestParserTest, ARequestWithoutBodyIsReadHoweverItIsCut) {
  const std::string text = "GET /v1/messages?limit=5 HTTP/1.1\r\nHost: a.example:8080\r\nAccept: */*\r\n\r\n";
  const Parsed parsed = parse_every_way(text);
  EXPECT_EQ(parsed.state, State::kComplete);
  EXPECT_EQ(parsed.method, "GET");
  EXPECT_EQ(parsed.target, "/v1/messages?limit=5");
  EXPECT_EQ(parsed.path, "/v1/messages");
  EXPECT_EQ(parsed.query, "limit=5");
  EXPECT_EQ(parsed.body, "");
  EXPECT_EQ(parsed.fields, "Host=a.example:8080;Accept=*/*;");
  EXPECT_EQ(parsed.used, text.size());
  EXPECT_TRUE(parsed.keep_alive);
}

TEST(RequestParserTest, ASizedBodyIsReadAndWhatFollowsIsLeft) {
  const std::string text = with("Content-Length: 5\r\nX-Empty:\r\nX-Blank:  a b \t\r\n", "helloGET /");
  const Parsed parsed = parse_every_way(text);
  EXPECT_EQ(parsed.state, State::kComplete);
  EXPECT_EQ(parsed.body, "hello");
  EXPECT_EQ(parsed.fields, "Host=h;Content-Length=5;X-Empty=;X-Blank=a b;");
  EXPECT_EQ(parsed.used, text.size() - 5);
}

TEST(RequestParserTest, AChunkedBodyIsPutTogetherAndTrailersAreReadOver) {
  const std::string chunks = "5\r\nhello\r\n6;name=\"v\"\r\n world\r\n0\r\nX-Trailer: t\r\n\r\n";
  const std::string text = with("Transfer-Encoding: Chunked\r\n", chunks + "GET /");
  const Parsed parsed = parse_every_way(text);
  EXPECT_EQ(parsed.state, State::kComplete);
  EXPECT_EQ(parsed.body, "hello world");
  EXPECT_EQ(parsed.fields, "Host=h;Transfer-Encoding=Chunked;");
  EXPECT_EQ(parsed.used, text.size() - 5);
}

TEST(RequestParserTest, AnEmptyChunkedBodyIsComplete) {
  const Parsed parsed = parse_every_way(with("Transfer-Encoding: chunked\r\n", "0\r\n\r\n"));
  EXPECT_EQ(parsed.state, State::kComplete);
  EXPECT_EQ(parsed.body, "");
}

TEST(RequestParserTest, EmptyLinesBeforeARequestAreReadOver) {
  const Parsed parsed = parse_every_way("\r\n\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(parsed.state, State::kComplete);
  EXPECT_EQ(parsed.path, "/a");
  EXPECT_EQ(parse({"\r\n\r\n"}).state, State::kIdle);
}

TEST(RequestParserTest, TheAbsoluteFormGivesThePathOfIt) {
  EXPECT_EQ(parse_every_way("GET http://h/a?b HTTP/1.1\r\nHost: h\r\n\r\n").path, "/a");
  EXPECT_EQ(parse_every_way("GET http://h HTTP/1.1\r\nHost: h\r\n\r\n").path, "/");
  EXPECT_EQ(parse_every_way("GET /a://b HTTP/1.1\r\nHost: h\r\n\r\n").path, "/a://b");
}

TEST(RequestParserTest, Utf8InATargetGoesThrough) {
  EXPECT_EQ(parse_every_way("PUT /r/\xf0\x9f\x91\x8d HTTP/1.1\r\nHost: h\r\n\r\n").path, "/r/\xf0\x9f\x91\x8d");
}

TEST(RequestParserTest, WhetherTheConnectionStaysDependsOnVersionAndConnection) {
  EXPECT_TRUE(parse({"GET / HTTP/1.1\r\nHost: h\r\n\r\n"}).keep_alive);
  EXPECT_FALSE(parse({"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"}).keep_alive);
  EXPECT_FALSE(parse({"GET / HTTP/1.0\r\n\r\n"}).keep_alive);
  EXPECT_TRUE(parse({"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"}).keep_alive);
}

TEST(RequestParserTest, AHundredFieldsAreReadAndOneMoreIsNot) {
  RequestParser parser(RequestLimits{});
  std::string text = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 99; ++i) text += "A: b\r\n";
  parser.feed(text + "\r\n");
  EXPECT_EQ(parser.state(), State::kComplete);
  EXPECT_EQ(parser.request().headers.size(), 100u);
  parser.reset();
  parser.feed(text + "A: b\r\n\r\n");
  ASSERT_EQ(parser.state(), State::kFailed);
  EXPECT_EQ(parser.error().code, ErrorCode::kHeadersTooLarge);
}

TEST(RequestParserTest, OneParserReadsManyRequests) {
  RequestParser parser(kLimits);
  std::string text = with("Content-Length: 3\r\n", "abc") + "GET /b HTTP/1.1\r\nHost: h\r\n\r\n";
  std::string_view rest = text;
  rest.remove_prefix(parser.feed(rest));
  ASSERT_EQ(parser.state(), State::kComplete);
  EXPECT_EQ(parser.request().body, "abc");
  parser.reset();
  rest.remove_prefix(parser.feed(rest));
  ASSERT_EQ(parser.state(), State::kComplete);
  EXPECT_EQ(parser.request().path, "/b");
  EXPECT_EQ(parser.request().body, "");
  EXPECT_TRUE(rest.empty());
}

TEST(RequestParserTest, AWholeRequestIsNotCopied) {
  RequestParser parser(kLimits);
  const std::string text = with("Content-Length: 3\r\n", "abc");
  parser.feed(text);
  ASSERT_EQ(parser.state(), State::kComplete);
  EXPECT_EQ(parser.request().body.data(), text.data() + text.size() - 3);
}

TEST(RequestParserTest, TheClientIsToldToGoOnOnlyWhileItWaits) {
  const std::string head = with("Content-Length: 3\r\nExpect: 100-Continue\r\n");
  RequestParser parser(kLimits);
  parser.feed(head);
  EXPECT_TRUE(parser.wants_continue());
  parser.feed("a");
  EXPECT_FALSE(parser.wants_continue());
  parser.feed("bc");
  EXPECT_EQ(parser.state(), State::kComplete);
  EXPECT_EQ(parser.request().body, "abc");
}

TEST(RequestParserTest, HeadersAreFoundInAnyLetterCase) {
  RequestParser parser(kLimits);
  const std::string text = with("X-Some: 1\r\nx-some: 2\r\n");
  parser.feed(text);
  ASSERT_EQ(parser.state(), State::kComplete);
  EXPECT_EQ(parser.request().header("X-SOME"), "1");
  EXPECT_EQ(parser.request().header("X-Other"), std::nullopt);
}

}  // namespace
}  // namespace c4a::net
