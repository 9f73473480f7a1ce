#include "bench/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace c4a::bench {
namespace {

// Values below 2 * 128 have a bucket each; above, every power of two is cut into 128.
constexpr int kSubBits = 7;
constexpr std::uint64_t kSub = 1U << kSubBits;
constexpr int kMaxBits = 40;
constexpr std::uint64_t kMaxValue = (1ULL << kMaxBits) - 1;

std::size_t bucket_of(std::uint64_t value) {
  if (value < 2 * kSub) return value;
  const int shift = static_cast<int>(std::bit_width(value)) - 1 - kSubBits;
  return (static_cast<std::size_t>(shift) << kSubBits) + (value >> shift);
}

std::uint64_t highest_in(std::size_t bucket) {
  if (bucket < 2 * kSub) return bucket;
  const int shift = static_cast<int>(bucket >> kSubBits) - 1;
  const std::uint64_t mantissa = bucket - (static_cast<std::size_t>(shift) << kSubBits);
  return ((mantissa + 1) << shift) - 1;
}

}  // namespace

Histogram::Histogram() : buckets_(bucket_of(kMaxValue) + 1) {}

void Histogram::record(std::int64_t duration_us) {
  const auto value = std::min<std::uint64_t>(duration_us < 0 ? 0 : static_cast<std::uint64_t>(duration_us), kMaxValue);
  ++buckets_[bucket_of(value)];
  ++count_;
  sum_us_ += static_cast<std::int64_t>(value);
  max_us_ = std::max(max_us_, static_cast<std::int64_t>(value));
}

void Histogram::merge(const Histogram& other) {
  for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_us_ += other.sum_us_;
  max_us_ = std::max(max_us_, other.max_us_);
}

void Histogram::reset() {
  std::ranges::fill(buckets_, 0);
  count_ = 0;
  sum_us_ = 0;
  max_us_ = 0;
}

double Histogram::mean_us() const {
  return count_ == 0 ? 0.0 : static_cast<double>(sum_us_) / static_cast<double>(count_);
}

std::int64_t Histogram::quantile_us(double share) const {
  if (count_ == 0) return 0;
  const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen >= std::max<std::uint64_t>(wanted, 1)) {
      return std::min(static_cast<std::int64_t>(highest_in(i)), max_us_);
    }
  }
  return max_us_;
}

}  // namespace c4a::bench
