#include "bench/timeline.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json_writer.h"

namespace c4a::bench {

Timeline::Second& Timeline::at(std::int64_t now) {
  const auto second = static_cast<std::size_t>(std::max<std::int64_t>(now - start_us_, 0) / 1'000'000);
  if (second >= seconds_.size()) {
    if (!seconds_.empty()) seconds_.back().p99_us = now_.quantile_us(0.99);
    now_.reset();
    seconds_.resize(second + 1);
  }
  return seconds_.back();
}

void Timeline::acknowledged(std::int64_t now, std::int64_t latency_us) {
  ++at(now).acknowledged;
  now_.record(latency_us);
  if (!ended_) longest_silence_us_ = std::max(longest_silence_us_, now - last_answer_us_);
  last_answer_us_ = now;
}

void Timeline::refused(std::int64_t now) { ++at(now).refused; }

void Timeline::ended(std::int64_t now) {
  longest_silence_us_ = std::max(longest_silence_us_, now - last_answer_us_);
  ended_ = true;
}

std::string Timeline::json() const {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("started_at_ms", started_ms_).key("seconds").begin_array();
  for (std::size_t second = 0; second < seconds_.size(); ++second) {
    const auto& found = seconds_[second];
    const auto p99_us = second + 1 == seconds_.size() ? now_.quantile_us(0.99) : found.p99_us;
    json.begin_object().member("second", static_cast<std::uint64_t>(second)).member("acknowledged", found.acknowledged);
    json.member("refused", found.refused);
    json.member_raw("p99_ms", fmt::format("{:.3f}", static_cast<double>(p99_us) / 1000)).end_object();
  }
  json.end_array().end_object();
  return out + "\n";
}

}  // namespace c4a::bench
