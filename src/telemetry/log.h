#pragma once

// The program's log: one event, one line, one write(2).
//
//   log_info("server started", {{"address", address}, {"port", port}});
//
// As JSON a line is {"timestamp","level","service","message", then the fields in the order given}. Names that mean the
// same everywhere: trace_id, span_id, message_id, conversation_id, request_id, user_id, session_id, error.
//
// Never log a secret (password, token, key, their hashes) nor what people wrote (a payload, metadata, a search text):
// ids are enough to find them. The message is a fixed sentence; what varies goes into fields, so that lines can be
// grouped.
//
// Any thread may log at any time, also before configure_log and while it runs. A level that is off costs one load and
// one comparison, and the values of its fields are not formatted. Text is made valid UTF-8 and cut at kMaxLogTextBytes,
// so a stranger's bytes can neither break a line nor fill the disk. A line that cannot be written is dropped and
// counted in the metric log_lines_dropped_total; logging never fails.

#include <array>
#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "base/uuid.h"

namespace c4a {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarn, kError };

enum class LogFormat : std::uint8_t {
  kAuto,  // text where the output is a terminal, JSON elsewhere
  kText,
  kJson,
};

// "debug", "info", "warn", "error"; "auto", "text", "json". Nothing for any other name.
std::optional<LogLevel> parse_log_level(std::string_view name);
std::optional<LogFormat> parse_log_format(std::string_view name);

inline constexpr std::size_t kMaxLogTextBytes = 2048;

struct LogSettings {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kAuto;
  std::string_view service = "chat4all";
  int fd = 2;  // stays the caller's; must outlive the logging
};

// Takes effect for lines that start after it.
void configure_log(const LogSettings& settings);

// A name and a value, both only looked at during the call that gets them.
class LogField {
 public:
  using Bytes = std::span<const std::uint8_t>;  // written in hex
  using Value = std::variant<bool, std::int64_t, std::uint64_t, double, std::string_view, const Uuid*, Bytes>;

  constexpr LogField(std::string_view name, std::string_view text) : name_(name), value_(text) {}
  constexpr LogField(std::string_view name, const char* text) : name_(name), value_(std::string_view(text)) {}
  constexpr LogField(std::string_view name, std::same_as<bool> auto yes) : name_(name), value_(yes) {}
  template <std::signed_integral T>
  constexpr LogField(std::string_view name, T number) : name_(name), value_(static_cast<std::int64_t>(number)) {}
  template <std::unsigned_integral T>
    requires(!std::same_as<T, bool>)
  constexpr LogField(std::string_view name, T number) : name_(name), value_(static_cast<std::uint64_t>(number)) {}
  constexpr LogField(std::string_view name, std::floating_point auto number)
      : name_(name), value_(static_cast<double>(number)) {}
  constexpr LogField(std::string_view name, const Uuid& id) : name_(name), value_(&id) {}
  template <std::size_t N>
  constexpr LogField(std::string_view name, const std::array<std::uint8_t, N>& id) : name_(name), value_(Bytes(id)) {}

  std::string_view name() const { return name_; }
  const Value& value() const { return value_; }

 private:
  std::string_view name_;
  Value value_;
};

using LogFields = std::initializer_list<LogField>;

// The lowest level that is written. Use log_enabled where even collecting the fields costs something.
extern std::atomic<LogLevel> log_level;
inline bool log_enabled(LogLevel level) { return level >= log_level.load(std::memory_order_relaxed); }

void write_log(LogLevel level, std::string_view message, std::span<const LogField> fields);

inline void log(LogLevel level, std::string_view message, LogFields fields = {}) {
  if (log_enabled(level)) write_log(level, message, {fields.begin(), fields.size()});
}
inline void log_debug(std::string_view message, LogFields fields = {}) { log(LogLevel::kDebug, message, fields); }
inline void log_info(std::string_view message, LogFields fields = {}) { log(LogLevel::kInfo, message, fields); }
inline void log_warn(std::string_view message, LogFields fields = {}) { log(LogLevel::kWarn, message, fields); }
inline void log_error(std::string_view message, LogFields fields = {}) { log(LogLevel::kError, message, fields); }

}  // namespace c4a
