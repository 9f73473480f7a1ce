#include "auth/token_cache.h"

#include <sodium.h>

#include <algorithm>

namespace c4a {

TokenCache::TokenCache(std::size_t capacity) : capacity_per_shard_(std::max<std::size_t>(1, capacity / kShards)) {
  static_assert(sizeof hash_key_ == crypto_shorthash_siphashx24_KEYBYTES);
  static_assert(sizeof(Tag) == crypto_shorthash_siphashx24_BYTES);
  randombytes_buf(hash_key_.data(), hash_key_.size());
}

TokenCache::Tag TokenCache::tag_of(std::string_view token) const {
  Tag tag;
  crypto_shorthash_siphashx24(tag.data(), reinterpret_cast<const unsigned char*>(token.data()), token.size(),
                              hash_key_.data());
  return tag;
}

std::shared_ptr<const CachedCredential> TokenCache::find(std::string_view token, TimestampMs now) {
  const Tag tag = tag_of(token);
  Shard& shard = shard_of(tag);
  const std::scoped_lock guard(shard.mutex);
  const auto found = shard.by_tag.find(tag);
  if (found == shard.by_tag.end()) return nullptr;
  const auto entry = found->second;
  if (entry->credential->usable_until <= now) {
    shard.by_tag.erase(found);
    shard.by_use.erase(entry);
    return nullptr;
  }
  shard.by_use.splice(shard.by_use.begin(), shard.by_use, entry);
  return entry->credential;
}

void TokenCache::put(std::string_view token, CachedCredential credential) {
  const Tag tag = tag_of(token);
  auto shared = std::make_shared<const CachedCredential>(std::move(credential));
  Shard& shard = shard_of(tag);
  const std::scoped_lock guard(shard.mutex);
  if (const auto found = shard.by_tag.find(tag); found != shard.by_tag.end()) {
    found->second->credential = std::move(shared);
    shard.by_use.splice(shard.by_use.begin(), shard.by_use, found->second);
    return;
  }
  if (shard.by_use.size() >= capacity_per_shard_) {
    shard.by_tag.erase(shard.by_use.back().tag);
    shard.by_use.pop_back();
  }
  shard.by_use.push_front({tag, std::move(shared)});
  shard.by_tag.emplace(tag, shard.by_use.begin());
}

std::size_t TokenCache::size() const {
  std::size_t size = 0;
  for (const auto& shard : shards_) {
    const std::scoped_lock guard(shard.mutex);
    size += shard.by_use.size();
  }
  return size;
}

}  // namespace c4a
