#pragma once

// Credentials that were verified a short while ago. Checking a signature costs about 100 µs, and a whole request may
// cost 30; a hit here costs less than one.

#include <array>
#include <cstdint>
#include <cstring>
#include <list>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "auth/identity.h"
#include "auth/revocation_set.h"
#include "base/clock.h"

namespace c4a {

struct CachedCredential {
  Identity identity;  // without X-Act-As; always with its facts
  TimestampMs usable_until = 0;
};

// Bounded; the least recently used goes first. It knows nothing of revocations: whoever takes an entry asks
// RevocationSet. Any thread may call any method.
class TokenCache {
 public:
  explicit TokenCache(std::size_t capacity = 100'000);

  // Null where the text is not cached, or no longer usable.
  std::shared_ptr<const CachedCredential> find(std::string_view token, TimestampMs now);
  void put(std::string_view token, CachedCredential credential);
  std::size_t size() const;

 private:
  // A keyed hash (SipHash-2-4-128): without the key nobody can make two tokens that meet.
  using Tag = std::array<unsigned char, 16>;
  struct TagHash {
    std::size_t operator()(const Tag& tag) const noexcept {
      std::size_t first = 0;
      std::memcpy(&first, tag.data(), sizeof first);
      return first;
    }
  };
  struct Entry {
    Tag tag;
    std::shared_ptr<const CachedCredential> credential;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::list<Entry> by_use;  // latest first
    std::unordered_map<Tag, std::list<Entry>::iterator, TagHash> by_tag;
  };
  static constexpr std::size_t kShards = 16;

  Tag tag_of(std::string_view token) const;
  Shard& shard_of(const Tag& tag) { return shards_[tag[15] % kShards]; }

  std::array<unsigned char, 16> hash_key_;
  std::size_t capacity_per_shard_;
  std::array<Shard, kShards> shards_;
};

}  // namespace c4a
