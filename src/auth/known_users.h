#pragma once

// Users who were seen to exist a short while ago, so that a key that acts for one needs no read of the store. Users who
// come with tokens of their own are not kept here: their tokens are in TokenCache.

#include <mutex>
#include <string>
#include <unordered_map>

#include "auth/revocation_set.h"
#include "base/clock.h"
#include "domain/ids.h"

namespace c4a {

// Bounded: at the limit everything is forgotten and learned again. Any thread may call any method.
class KnownUsers {
 public:
  static constexpr std::size_t kCapacity = 100'000;
  static constexpr TimestampMs kTrustedMs = 60'000;

  explicit KnownUsers(const RevocationSet& revocations) : revocations_(revocations) {}

  // Whether the user existed within the last minute and no revocation (a deletion leaves one) came since.
  bool contains(const UserId& user_id, TimestampMs now) const {
    TimestampMs seen_at = 0;
    {
      const std::scoped_lock guard(mutex_);
      const auto found = seen_at_.find(user_id);
      if (found == seen_at_.end()) return false;
      seen_at = found->second;
    }
    return now - seen_at < kTrustedMs && seen_at > revocations_.not_before("user:" + user_id.text);
  }

  // `seen_at`: the time before the store was asked.
  void add(const UserId& user_id, TimestampMs seen_at) {
    const std::scoped_lock guard(mutex_);
    if (seen_at_.size() >= kCapacity) seen_at_.clear();
    seen_at_[user_id] = seen_at;
  }

 private:
  const RevocationSet& revocations_;
  mutable std::mutex mutex_;
  std::unordered_map<UserId, TimestampMs> seen_at_;
};

}  // namespace c4a
