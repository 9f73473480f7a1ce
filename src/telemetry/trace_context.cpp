#include "telemetry/trace_context.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <span>

#include "base/encoding.h"

namespace c4a {
namespace {

constexpr std::size_t kLength = 55;  // of version 00
constexpr std::uint8_t kForbiddenVersion = 0xFF;
// Level 2 adds "the trace id is random" to "sampled"; both are to be handed on.
constexpr std::uint8_t kKnownFlags = 0x03;

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;  // upper case too: the standard has lower case only
}

bool read_hex(std::string_view text, std::span<std::uint8_t> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = digit(text[2 * i]);
    const int low = digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return true;
}

bool is_zero(std::span<const std::uint8_t> bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

// A thread's own generator, seeded from the system: a system call per request would cost more than the id is worth.
void fill_random(std::span<std::uint8_t> out) {
  thread_local std::mt19937_64 generator = [] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device(), device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }();
  do {
    for (std::size_t i = 0; i < out.size(); i += 8) {
      const std::uint64_t bits = generator();
      std::memcpy(out.data() + i, &bits, std::min<std::size_t>(8, out.size() - i));
    }
  } while (is_zero(out));
}

std::string_view view(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

std::optional<TraceContext> TraceContext::parse(std::string_view text) {
  if (text.size() < kLength || text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
  std::uint8_t version = 0;
  TraceContext context;
  if (!read_hex(text.substr(0, 2), {&version, 1}) || version == kForbiddenVersion) return std::nullopt;
  if (version == 0 ? text.size() != kLength : text.size() > kLength && text[kLength] != '-') return std::nullopt;
  if (!read_hex(text.substr(3, 32), context.trace_id) || is_zero(context.trace_id)) return std::nullopt;
  if (!read_hex(text.substr(36, 16), context.span_id) || is_zero(context.span_id)) return std::nullopt;
  if (!read_hex(text.substr(53, 2), {&context.flags, 1})) return std::nullopt;
  context.flags &= kKnownFlags;
  return context;
}

TraceContext TraceContext::make() {
  TraceContext context;
  fill_random(context.trace_id);
  fill_random(context.span_id);
  context.flags = kSampled;
  return context;
}

TraceContext TraceContext::child() const {
  TraceContext context = *this;
  fill_random(context.span_id);
  return context;
}

void TraceContext::append_header(std::string& out) const {
  out += "00-";
  out += to_hex(view(trace_id));
  out += '-';
  out += to_hex(view(span_id));
  out += '-';
  out += to_hex(view({&flags, 1}));
}

std::string TraceContext::header() const {
  std::string out;
  out.reserve(kLength);
  append_header(out);
  return out;
}

TraceContext continue_trace(std::string_view traceparent) {
  const auto parent = TraceContext::parse(traceparent);
  return parent ? parent->child() : TraceContext::make();
}

}  // namespace c4a
