#pragma once

// Bytes in, one complete HTTP/1.x request out. Without I/O: tests and fuzzers call it alone.
//
// Strict where leniency lets two programs read one request differently (RFC 9112 §11.2): see `feed`. The request line
// and the header fields go through http_parser; the body is framed here, which is also where a body that streams to a
// handler would branch off (state kBody).

#include <http_parser.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "net/chunk_decoder.h"
#include "net/http_message.h"

namespace c4a::net {

struct RequestLimits {
  std::size_t header_bytes = 16 * 1024;
  std::size_t target_bytes = 8 * 1024;
  std::size_t body_bytes = 1024 * 1024;
};

inline constexpr std::size_t kMaxHeaderFields = 100;  // more: kHeadersTooLarge

class RequestParser {
 public:
  enum class State : std::uint8_t { kIdle, kHead, kBody, kComplete, kFailed };

  explicit RequestParser(const RequestLimits& limits);
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // Takes bytes from the front and says how many: all of them, unless the request ended (kComplete) or cannot be read
  // (kFailed). Copies only what an incomplete request needs. Empty lines before a request are read over.
  //
  // Fails with: kBadRequest (malformed; Content-Length twice or beside Transfer-Encoding; a transfer coding that is not
  // chunked; Host missing in HTTP/1.1 or given twice; folded lines; a space before the colon; NUL, bare CR or bare LF),
  // kHeadersTooLarge, kUriTooLong, kBodyTooLarge (from Content-Length, before any of the body).
  std::size_t feed(std::string_view bytes);

  State state() const { return state_; }
  const Error& error() const { return error_; }

  // In state kComplete. The views point into what was last fed or into the parser, until either changes. The body is
  // followed by kReadPadding readable bytes if what was fed is. `secure`, `local` and `peer_ip` are the caller's to
  // set.
  HttpRequest& request() { return request_; }
  // The client waits for "100 Continue" before it sends the body.
  bool wants_continue() const { return state_ == State::kBody && expects_continue_ && body_received_ == 0; }
  bool is_http_1_0() const { return minor_version_ == 0; }

  // Back to kIdle, for the next request. Memory beyond a small request's is given back.
  void reset();

 private:
  // Offsets from the head's first byte, which moves when the head is saved.
  struct Span {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
  };
  struct Field {
    Span name;
    Span value;
    bool has_value = false;
  };
  struct Callbacks;

  std::size_t feed_head(std::string_view bytes);
  std::size_t feed_body(std::string_view bytes);
  std::size_t feed_sized_body(std::string_view bytes);
  std::size_t feed_chunked_body(std::string_view bytes);
  void head_ends(const char* head);
  bool check_bytes(const char* head);
  bool check_fields();
  bool check_framing(std::string_view length, int lengths, std::string_view coding, int codings);
  void set_target(std::string_view target);
  void save_head();
  void point_views_at(const char* head);
  void complete(const char* head, std::string_view body);
  void fail(ErrorCode code, const char* detail);
  void fail_head_too_large();
  // The request line of a method that http_parser does not know; more of it may be needed to tell what it is.
  std::size_t judge_method(std::string_view bytes);
  void extend(Span& span, const char* at, std::size_t size) const;

  const RequestLimits limits_;
  http_parser parser_{};
  State state_ = State::kIdle;
  bool judging_method_ = false;
  bool expects_continue_ = false;
  bool chunked_ = false;
  bool head_done_ = false;
  bool keep_alive_ = false;
  int minor_version_ = 1;
  const char* fed_ = nullptr;   // the bytes now in http_parser, and
  std::size_t fed_offset_ = 0;  // where they stand in the head
  std::size_t head_bytes_ = 0;
  std::size_t body_length_ = 0;  // as announced
  std::size_t body_received_ = 0;
  Span target_;
  std::vector<Field> fields_;
  const char* head_ = nullptr;  // while the head lies in what is being fed
  std::string saved_;           // head and sized body of a request that came in pieces
  std::string chunked_body_;
  ChunkDecoder chunks_;
  HttpRequest request_;
  Error error_;
};

}  // namespace c4a::net
