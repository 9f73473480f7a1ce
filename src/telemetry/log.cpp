#include "telemetry/log.h"

#include <unistd.h>

#include <cerrno>
#include <deque>
#include <mutex>
#include <string>
#include <utility>

#include "base/clock.h"
#include "telemetry/log_line.h"
#include "telemetry/metrics.h"

namespace c4a {
namespace {

// What configure_log last said. A line reads one pointer and needs no lock; earlier sinks are kept, for a line that
// still uses one. There are as few as there are calls of configure_log.
struct Sink {
  int fd = 2;
  bool text = false;
  std::string service = "chat4all";
};

std::atomic<const Sink*>& current_sink() {
  static const Sink kFirst;
  static std::atomic<const Sink*> current{&kFirst};
  return current;
}

// Built on first use: a line may be written before main.
Counter& dropped_lines() {
  static Counter& only = counter("log_lines_dropped_total", "Log lines that could not be written to the log's output.");
  return only;
}

bool write_all(int fd, std::string_view line) {
  while (!line.empty()) {
    const ssize_t written = ::write(fd, line.data(), line.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    line.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

template <class T>
std::optional<T> find_name(std::string_view name, std::initializer_list<std::pair<std::string_view, T>> names) {
  for (const auto& [known, value] : names) {
    if (name == known) return value;
  }
  return std::nullopt;
}

}  // namespace

std::atomic<LogLevel> log_level{LogLevel::kInfo};

std::optional<LogLevel> parse_log_level(std::string_view name) {
  return find_name<LogLevel>(
      name,
      {{"debug", LogLevel::kDebug}, {"info", LogLevel::kInfo}, {"warn", LogLevel::kWarn}, {"error", LogLevel::kError}});
}

std::optional<LogFormat> parse_log_format(std::string_view name) {
  return find_name<LogFormat>(name,
                              {{"auto", LogFormat::kAuto}, {"text", LogFormat::kText}, {"json", LogFormat::kJson}});
}

void configure_log(const LogSettings& settings) {
  const bool text =
      settings.format == LogFormat::kText || (settings.format == LogFormat::kAuto && ::isatty(settings.fd) == 1);
  static std::mutex mutex;
  static std::deque<Sink>& kept = *new std::deque<Sink>;  // lines may still come while the process ends
  const std::lock_guard lock(mutex);
  current_sink() = &kept.emplace_back(settings.fd, text, std::string(settings.service));
  log_level = settings.level;
  dropped_lines();  // on the metrics page from the start
}

void write_log(LogLevel level, std::string_view message, std::span<const LogField> fields) {
  // Kept per thread: a line costs no allocation once its buffer has grown.
  thread_local std::string line;
  line.clear();
  const Sink& sink = *current_sink().load(std::memory_order_acquire);
  const LogLine parts{system_clock().now_ms(), level, sink.service, message, fields};
  if (sink.text) {
    append_text_line(line, parts);
  } else {
    append_json_line(line, parts);
  }
  if (!write_all(sink.fd, line)) dropped_lines().add();
}

}  // namespace c4a
