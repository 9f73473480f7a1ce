#include "telemetry/log_line.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <array>
#include <cmath>
#include <iterator>

#include "base/encoding.h"
#include "base/json_writer.h"

namespace c4a {
namespace {

constexpr std::string_view kCut = "…";
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::array<std::string_view, 4> kLevelNames = {"debug", "info", "warn", "error"};

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};

bool valid_utf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// The length that the first byte announces; 1 for a byte that starts nothing.
std::size_t sequence_length(char first) {
  const auto byte = static_cast<unsigned char>(first);
  return byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
}

std::string replace_invalid(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto sequence = text.substr(i, sequence_length(text[i]));
    const bool good = valid_utf8(sequence);
    out += good ? sequence : kReplacement;
    i += good ? sequence.size() : 1;
  }
  return out;
}

// Calls `use` with the text as it may be written: cut, and valid UTF-8.
template <class Use>
void with_clean(std::string_view text, Use use) {
  const bool cut = text.size() > kMaxLogTextBytes;
  if (!cut && valid_utf8(text)) return use(text);
  std::size_t end = std::min(text.size(), kMaxLogTextBytes);
  while (cut && end > 0 && is_continuation(text[end])) --end;
  std::string clean = replace_invalid(text.substr(0, end));
  if (cut) clean += kCut;
  use(std::string_view(clean));
}

void append_json_text(std::string& out, std::string_view text) {
  with_clean(text, [&](std::string_view clean) { append_json_string(out, clean); });
}

void append_hex(std::string& out, LogField::Bytes bytes) {
  out += to_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

void append_number(std::string& out, auto number) { fmt::format_to(std::back_inserter(out), "{}", number); }

// JSON has neither NaN nor infinity.
void append_double(std::string& out, double number) {
  if (std::isfinite(number)) return append_number(out, number);
  out += "null";
}

// `text` writes a string_view; everything else looks the same in both forms, but for the quotes around ids.
template <class Text>
void append_value(std::string& out, const LogField::Value& value, std::string_view quote, Text text) {
  std::visit(Overloaded{[&](bool yes) { out += yes ? "true" : "false"; },
                        [&](std::int64_t number) { append_number(out, number); },
                        [&](std::uint64_t number) { append_number(out, number); },
                        [&](double number) { append_double(out, number); },
                        [&](std::string_view value_text) { text(value_text); },
                        [&](const Uuid* id) {
                          out += quote;
                          id->append_to(out);
                          out += quote;
                        },
                        [&](LogField::Bytes bytes) {
                          out += quote;
                          append_hex(out, bytes);
                          out += quote;
                        }},
             value);
}

// A word stands as it is; anything that could be mistaken for the next field, or move the cursor, is quoted.
bool is_word(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7F || c == '"' || c == '=' || c == '\\') return false;
  }
  return !text.empty();
}

}  // namespace

void append_json_line(std::string& out, const LogLine& line) {
  out += R"({"timestamp":")";
  append_rfc3339(out, line.at);
  out += R"(","level":")";
  out += kLevelNames[static_cast<std::size_t>(line.level)];
  out += R"(","service":)";
  append_json_text(out, line.service);
  out += R"(,"message":)";
  append_json_text(out, line.message);
  for (const LogField& field : line.fields) {
    out += ',';
    append_json_text(out, field.name());
    out += ':';
    append_value(out, field.value(), "\"", [&](std::string_view text) { append_json_text(out, text); });
  }
  out += "}\n";
}

void append_text_line(std::string& out, const LogLine& line) {
  std::string time;
  append_rfc3339(time, line.at);
  constexpr std::size_t kClock = std::string_view("2026-11-22T").size();
  fmt::format_to(std::back_inserter(out), "{} {:<5} ", time.substr(kClock, std::string_view("12:00:00.123").size()),
                 kLevelNames[static_cast<std::size_t>(line.level)]);
  with_clean(line.message, [&](std::string_view clean) {
    std::string quoted;
    append_json_string(quoted, clean);
    // The escapes of JSON without its quotes.
    out.append(quoted, 1, quoted.size() - 2);
  });
  for (const LogField& field : line.fields) {
    fmt::format_to(std::back_inserter(out), "  {}=", field.name());
    append_value(out, field.value(), "", [&](std::string_view text) {
      if (is_word(text) && text.size() <= kMaxLogTextBytes) {
        out += text;
      } else {
        append_json_text(out, text);
      }
    });
  }
  out += '\n';
}

}  // namespace c4a
