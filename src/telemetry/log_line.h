#pragma once

// The two forms of a log line, apart from where it goes.

#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "telemetry/log.h"

namespace c4a {

struct LogLine {
  TimestampMs at = 0;
  LogLevel level = LogLevel::kInfo;
  std::string_view service;
  std::string_view message;
  std::span<const LogField> fields;
};

// Both append one line with its '\n', whatever bytes the texts hold.
void append_json_line(std::string& out, const LogLine& line);
// For people: "12:00:00.123 info  server started  address=127.0.0.1:8080"; the service is left out.
void append_text_line(std::string& out, const LogLine& line);

}  // namespace c4a
