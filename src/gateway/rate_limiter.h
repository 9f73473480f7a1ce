#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace c4a {

// Token buckets by name (a user, or a user and an address). Any thread. Buckets that are full again are forgotten.
class RateLimiter {
 public:
  // `per_window` requests in each window, and at most `burst` at once. 0: no limit.
  RateLimiter(double per_window, double window_s, double burst)
      : per_second_(per_window / window_s), burst_(burst), unlimited_(per_window == 0) {}

  struct Verdict {
    bool allowed = true;
    int retry_after_s = 0;
  };
  Verdict take(std::string_view name, std::int64_t now_us);
  // What has been taken and has not grown back.
  std::uint64_t used(std::string_view name, std::int64_t now_us);
  bool unlimited() const { return unlimited_; }

 private:
  struct Bucket {
    double tokens;
    std::int64_t at_us;
  };
  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<std::string, Bucket, NameHash, std::equal_to<>> buckets;
    std::size_t sweep_at = 4096;
  };

  double refilled(const Bucket& bucket, std::int64_t now_us) const;
  void sweep(Shard& shard, std::int64_t now_us);
  Shard& shard_of(std::string_view name) { return shards_[NameHash{}(name) % shards_.size()]; }

  const double per_second_;
  const double burst_;
  const bool unlimited_;
  std::array<Shard, 16> shards_;
};

}  // namespace c4a
