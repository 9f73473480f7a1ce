#pragma once

// W3C Trace Context (https://www.w3.org/TR/trace-context/): what ties the lines, spans and events of one request
// together across programs. Values; any thread.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace c4a {

using TraceId = std::array<std::uint8_t, 16>;
using SpanId = std::array<std::uint8_t, 8>;

struct TraceContext {
  TraceId trace_id{};  // never all zero in what parse and make answer
  SpanId span_id{};
  std::uint8_t flags = 0;

  static constexpr std::uint8_t kSampled = 0x01;

  // The value of a `traceparent` header. Nothing where it breaks the standard in any way (upper case, zero ids, a wrong
  // length, the forbidden version ff): such a header is ignored and a new trace starts. A later version is read as far
  // as version 00 goes, as the standard asks. Flags that version 00 does not know are dropped.
  static std::optional<TraceContext> parse(std::string_view traceparent);

  // A new trace, sampled. The ids are random but no secret: they are not from a cryptographic generator.
  static TraceContext make();

  // The same trace with a span of its own.
  TraceContext child() const;

  // "00-<32 hex digits>-<16 hex digits>-<2 hex digits>"
  std::string header() const;
  void append_header(std::string& out) const;

  bool operator==(const TraceContext&) const = default;
};

// What a request carries on: the child of a valid header, or else a new trace.
TraceContext continue_trace(std::string_view traceparent);

}  // namespace c4a
