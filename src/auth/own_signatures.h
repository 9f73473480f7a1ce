#pragma once

// The signatures that this process made a short while ago. Checking an Ed25519 signature costs about 100 µs, most of
// what a connect with a fresh token costs; one that we have just made needs no check. It says nothing of a token's
// claims, times or revocation.

#include <array>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace c4a {

// Bounded (1 MiB when full); newer ones replace older ones. Any thread may call any method.
class OwnSignatures {
 public:
  OwnSignatures();

  void add(std::string_view text, std::string_view signature);
  // True only if that signature was made here for that text. False says nothing.
  bool contains(std::string_view text, std::string_view signature) const;

 private:
  // A keyed hash (SipHash-2-4-128), as in TokenCache: without the key nobody can make another pair that meets it.
  using Tag = std::array<unsigned char, 16>;
  static constexpr std::size_t kWays = 4;
  static constexpr std::size_t kSets = 16 * 1024;
  struct Set {
    std::array<Tag, kWays> tags{};  // all zeros: free; a tag of zeros is never found
    std::uint8_t oldest = 0;
  };

  Tag tag_of(std::string_view text, std::string_view signature) const;
  static std::size_t set_of(const Tag& tag);

  std::array<unsigned char, 16> hash_key_;
  mutable std::mutex mutex_;
  std::vector<Set> sets_;  // empty until the first is added
};

}  // namespace c4a
