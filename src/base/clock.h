#pragma once

// Time comes from outside, so that rules and tests can be stepped.

#include <cstdint>
#include <string>
#include <string_view>

namespace c4a {

// Milliseconds since the Unix epoch, UTC.
using TimestampMs = std::int64_t;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimestampMs now_ms() const = 0;         // wall clock: may jump
  virtual std::int64_t monotonic_us() const = 0;  // for durations and timeouts: never goes back
};

// The machine's clock. Any thread may use it.
const Clock& system_clock();

// A clock that tests move by hand.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(TimestampMs start = 1'700'000'000'000) : now_(start) {}
  TimestampMs now_ms() const override { return now_; }
  std::int64_t monotonic_us() const override { return now_ * 1000; }
  void advance_ms(std::int64_t by) { now_ += by; }

 private:
  TimestampMs now_;
};

// RFC 3339, UTC, milliseconds: 2026-11-22T12:00:00.123Z
void append_rfc3339(std::string& out, TimestampMs at);
std::string rfc3339(TimestampMs at);

}  // namespace c4a
