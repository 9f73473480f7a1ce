#include "net/chunk_decoder.h"

#include <algorithm>

namespace c4a::net {
namespace {

constexpr int kMaxSizeDigits = 15;  // fits 64 bits, and more than any limit

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

ChunkDecoder::Outcome ChunkDecoder::feed(std::string_view& input, std::string& body) {
  while (!input.empty()) {
    if (at_ == At::kData) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
      body.append(input.substr(0, size));
      input.remove_prefix(size);
      left_ -= size;
      if (left_ == 0) at_ = At::kDataEnd;
      continue;
    }
    const char c = input.front();
    input.remove_prefix(1);
    if (const Outcome outcome = take_byte(c); outcome != Outcome::kMore) return outcome;
  }
  return Outcome::kMore;
}

ChunkDecoder::Outcome ChunkDecoder::take_byte(char c) {
  const auto expect = [&](char wanted, At next) {
    at_ = next;
    return c == wanted ? Outcome::kMore : Outcome::kMalformed;
  };
  switch (at_) {
    case At::kSizeStart:
    case At::kSize: {
      const int digit = hex_digit(c);
      if (digit < 0) return at_ == At::kSize ? size_ends(c) : Outcome::kMalformed;
      if (++digits_ > kMaxSizeDigits) return Outcome::kMalformed;
      left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
      at_ = At::kSize;
      return Outcome::kMore;
    }
    case At::kExtension:
      return extra_byte(c, At::kSizeEnd);
    case At::kSizeEnd:
      if (left_ > body_limit_ - body_bytes_) return Outcome::kTooLarge;
      body_bytes_ += static_cast<std::size_t>(left_);
      digits_ = 0;
      return expect('\n', left_ == 0 ? At::kTrailerStart : At::kData);
    case At::kData:
      return Outcome::kMalformed;  // not reached: data is taken whole
    case At::kDataEnd:
      return expect('\r', At::kDataEndLf);
    case At::kDataEndLf:
      return expect('\n', At::kSizeStart);
    case At::kTrailerStart:
      if (c == '\r') return expect('\r', At::kLastLf);
      if (c == ' ' || c == '\t' || c == ':') return Outcome::kMalformed;
      at_ = At::kTrailer;
      [[fallthrough]];
    case At::kTrailer:
      return extra_byte(c, At::kTrailerLf);
    case At::kTrailerLf:
      return expect('\n', At::kTrailerStart);
    case At::kLastLf:
      return c == '\n' ? Outcome::kDone : Outcome::kMalformed;
  }
  return Outcome::kMalformed;
}

ChunkDecoder::Outcome ChunkDecoder::size_ends(char c) {
  if (c != ';' && c != '\r') return Outcome::kMalformed;
  at_ = c == ';' ? At::kExtension : At::kSizeEnd;
  return Outcome::kMore;
}

ChunkDecoder::Outcome ChunkDecoder::extra_byte(char c, At after_line) {
  if (c == '\r') {
    at_ = after_line;
    return Outcome::kMore;
  }
  const auto byte = static_cast<unsigned char>(c);
  if ((byte < 0x20 && c != '\t') || byte == 0x7f) return Outcome::kMalformed;
  return ++extra_bytes_ > extra_limit_ ? Outcome::kTooLarge : Outcome::kMore;
}

}  // namespace c4a::net
