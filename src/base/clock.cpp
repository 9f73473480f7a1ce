#include "base/clock.h"

#include <ctime>

namespace c4a {
namespace {

class SystemClock final : public Clock {
 public:
  TimestampMs now_ms() const override {
    timespec ts{};
    ::clock_gettime(CLOCK_REALTIME, &ts);
    return ts.tv_sec * 1000 + ts.tv_nsec / 1'000'000;
  }
  std::int64_t monotonic_us() const override {
    timespec ts{};
    ::clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1'000'000 + ts.tv_nsec / 1000;
  }
};

void put_digits(char* at, std::int64_t value, int width) {
  for (int i = width - 1; i >= 0; --i) {
    at[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

void append_rfc3339(std::string& out, TimestampMs at) {
  // Civil-from-days, http://howardhinnant.github.io/date_algorithms.html: no locale, no lock, no allocation.
  const std::int64_t seconds = at >= 0 ? at / 1000 : (at - 999) / 1000;
  const std::int64_t ms = at - seconds * 1000;
  std::int64_t days = seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400;
  const std::int64_t in_day = seconds - days * 86400;
  days += 719468;
  const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const std::int64_t day_of_era = days - era * 146097;
  const std::int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted_month = (5 * day_of_year + 2) / 153;
  const std::int64_t day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
  const std::int64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  const std::int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);

  char text[] = "0000-00-00T00:00:00.000Z";
  put_digits(text, year, 4);
  put_digits(text + 5, month, 2);
  put_digits(text + 8, day, 2);
  put_digits(text + 11, in_day / 3600, 2);
  put_digits(text + 14, in_day / 60 % 60, 2);
  put_digits(text + 17, in_day % 60, 2);
  put_digits(text + 20, ms, 3);
  out.append(text, 24);
}

std::string rfc3339(TimestampMs at) {
  std::string text;
  append_rfc3339(text, at);
  return text;
}

}  // namespace c4a
