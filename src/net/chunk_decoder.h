#pragma once

// The body of `Transfer-Encoding: chunked`, RFC 9112 §7.1. Strict: no space around sizes, CRLF only. Without I/O.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace c4a::net {

class ChunkDecoder {
 public:
  enum class Outcome : std::uint8_t { kMore, kDone, kMalformed, kTooLarge };

  // At most `body_limit` bytes of body, and `extra_limit` bytes of chunk extensions and trailers (they are read over).
  ChunkDecoder(std::size_t body_limit, std::size_t extra_limit) : body_limit_(body_limit), extra_limit_(extra_limit) {}

  // Takes from the front of `input`, appends to `body`. Ends at the last byte of the body.
  Outcome feed(std::string_view& input, std::string& body);

 private:
  enum class At : std::uint8_t {
    kSizeStart,
    kSize,
    kExtension,
    kSizeEnd,
    kData,
    kDataEnd,
    kDataEndLf,
    kTrailerStart,
    kTrailer,
    kTrailerLf,
    kLastLf
  };

  Outcome take_byte(char c);
  Outcome size_ends(char c);
  Outcome extra_byte(char c, At after_line);

  std::size_t body_limit_;
  std::size_t extra_limit_;
  std::size_t body_bytes_ = 0;
  std::size_t extra_bytes_ = 0;
  std::uint64_t left_ = 0;  // of the present chunk
  int digits_ = 0;
  At at_ = At::kSizeStart;
};

}  // namespace c4a::net
