#include "auth/own_signatures.h"

#include <sodium.h>

#include <algorithm>
#include <cstring>

namespace c4a {
namespace {

constexpr std::size_t kMostBytes = 255;  // of a signature; ours have 64

}  // namespace

OwnSignatures::OwnSignatures() {
  static_assert(sizeof hash_key_ == crypto_shorthash_siphashx24_KEYBYTES);
  static_assert(sizeof(Tag) == crypto_shorthash_siphashx24_BYTES);
  randombytes_buf(hash_key_.data(), hash_key_.size());
}

OwnSignatures::Tag OwnSignatures::tag_of(std::string_view text, std::string_view signature) const {
  std::string both;
  both.reserve(signature.size() + 1 + text.size());
  both += static_cast<char>(signature.size());  // where one ends and the other begins is hashed, too
  both += signature;
  both += text;
  Tag tag;
  crypto_shorthash_siphashx24(tag.data(), reinterpret_cast<const unsigned char*>(both.data()), both.size(),
                              hash_key_.data());
  return tag;
}

std::size_t OwnSignatures::set_of(const Tag& tag) {
  std::uint64_t first = 0;
  std::memcpy(&first, tag.data(), sizeof first);
  return first % kSets;
}

void OwnSignatures::add(std::string_view text, std::string_view signature) {
  if (signature.empty() || signature.size() > kMostBytes) return;  // empty: signing failed, and nobody accepts it
  const Tag tag = tag_of(text, signature);
  const std::scoped_lock guard(mutex_);
  if (sets_.empty()) sets_.resize(kSets);
  Set& set = sets_[set_of(tag)];
  set.tags[set.oldest] = tag;
  set.oldest = static_cast<std::uint8_t>((set.oldest + 1) % kWays);
}

bool OwnSignatures::contains(std::string_view text, std::string_view signature) const {
  if (signature.size() > kMostBytes) return false;
  const Tag tag = tag_of(text, signature);
  if (tag == Tag{}) return false;
  const std::scoped_lock guard(mutex_);
  if (sets_.empty()) return false;
  const Set& set = sets_[set_of(tag)];
  return std::ranges::find(set.tags, tag) != set.tags.end();
}

}  // namespace c4a
