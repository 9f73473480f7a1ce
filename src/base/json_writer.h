#pragma once

// Appends JSON to a string. Commas are placed by the writer; nothing is checked beyond that: it writes what our own
// code says, and escapes every text.

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/uuid.h"

namespace c4a {

// Appends `text` as a JSON string with its quotes. The text must be valid UTF-8.
void append_json_string(std::string& out, std::string_view text);

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }

  // A member's name; the value follows.
  JsonWriter& key(std::string_view name) {
    comma();
    append_json_string(out_, name);
    out_ += ':';
    fresh_ = true;
    return *this;
  }

  JsonWriter& value(std::string_view text) {
    comma();
    append_json_string(out_, text);
    return *this;
  }
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(const std::string& text) { return value(std::string_view(text)); }
  JsonWriter& value(bool yes) { return raw(yes ? "true" : "false"); }
  JsonWriter& value(std::int64_t number) { return integer(number); }
  JsonWriter& value(std::uint64_t number) { return integer(number); }
  JsonWriter& value(int number) { return integer(number); }
  JsonWriter& value(const Uuid& id) {
    comma();
    out_ += '"';
    id.append_to(out_);
    out_ += '"';
    return *this;
  }
  JsonWriter& null() { return raw("null"); }
  // RFC 3339
  JsonWriter& time(TimestampMs at) {
    comma();
    out_ += '"';
    append_rfc3339(out_, at);
    out_ += '"';
    return *this;
  }
  // JSON made elsewhere, spliced in as it is.
  JsonWriter& raw(std::string_view json) {
    comma();
    out_ += json;
    return *this;
  }

  template <class T>
  JsonWriter& member(std::string_view name, const T& v) {
    return key(name).value(v);
  }
  JsonWriter& member_time(std::string_view name, TimestampMs at) { return key(name).time(at); }
  JsonWriter& member_raw(std::string_view name, std::string_view json) { return key(name).raw(json); }

 private:
  template <class T>
  JsonWriter& integer(T number) {
    comma();
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, number);
    out_.append(digits, end.ptr);
    return *this;
  }
  void comma() {
    if (!fresh_) out_ += ',';
    fresh_ = false;
  }
  JsonWriter& open(char bracket) {
    comma();
    out_ += bracket;
    fresh_ = true;
    return *this;
  }
  JsonWriter& close(char bracket) {
    out_ += bracket;
    fresh_ = false;
    return *this;
  }

  std::string& out_;
  bool fresh_ = true;  // nothing stands before the next value at this place
};

}  // namespace c4a
