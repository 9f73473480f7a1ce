#include "gateway/rate_limiter.h"

#include <algorithm>
#include <cmath>

namespace c4a {

double RateLimiter::refilled(const Bucket& bucket, std::int64_t now_us) const {
  const double elapsed_s = static_cast<double>(now_us - bucket.at_us) / 1e6;
  return std::min(burst_, bucket.tokens + elapsed_s * per_second_);
}

RateLimiter::Verdict RateLimiter::take(std::string_view name, std::int64_t now_us) {
  if (unlimited_) return {};
  Shard& shard = shard_of(name);
  const std::lock_guard lock(shard.mutex);
  auto found = shard.buckets.find(name);
  if (found == shard.buckets.end()) {
    if (shard.buckets.size() >= shard.sweep_at) sweep(shard, now_us);
    found = shard.buckets.emplace(std::string(name), Bucket{burst_, now_us}).first;
  }
  Bucket& bucket = found->second;
  bucket.tokens = refilled(bucket, now_us);
  bucket.at_us = now_us;
  if (bucket.tokens < 1) {
    return {false, std::max(1, static_cast<int>(std::ceil((1 - bucket.tokens) / per_second_)))};
  }
  bucket.tokens -= 1;
  return {};
}

std::uint64_t RateLimiter::used(std::string_view name, std::int64_t now_us) {
  if (unlimited_) return 0;
  Shard& shard = shard_of(name);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.buckets.find(name);
  if (found == shard.buckets.end()) return 0;
  return static_cast<std::uint64_t>(std::ceil(burst_ - refilled(found->second, now_us)));
}

void RateLimiter::sweep(Shard& shard, std::int64_t now_us) {
  std::erase_if(shard.buckets, [&](const auto& entry) { return refilled(entry.second, now_us) >= burst_; });
  shard.sweep_at = std::max<std::size_t>(4096, shard.buckets.size() * 2);
}

}  // namespace c4a
