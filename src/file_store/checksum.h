#pragma once

// SHA-256 and SHA-1 of bytes that come in pieces.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace c4a {

using Sha256 = std::array<std::uint8_t, 32>;

enum class DigestAlgorithm : std::uint8_t { kSha1, kSha256 };

// What a client says the digest of its bytes is. SHA-1 is here because tus clients send it; it guards against damage on
// the way, not against an attacker.
struct Checksum {
  DigestAlgorithm algorithm = DigestAlgorithm::kSha256;
  std::string bytes;  // raw: 32 of SHA-256, 20 of SHA-1

  bool matches(std::string_view content) const;
};

// Takes bytes in order. One thread at a time; `finish` is called once, and last.
class DigestStream {
 public:
  explicit DigestStream(DigestAlgorithm algorithm = DigestAlgorithm::kSha256);
  void add(std::string_view bytes);
  std::string finish();
  Sha256 finish_sha256();  // of a stream of SHA-256

 private:
  struct Free {
    void operator()(void* context) const;
  };
  std::unique_ptr<void, Free> context_;  // EVP_MD_CTX, kept out of this header
};

Sha256 sha256_of(std::string_view bytes);
inline std::string_view view_of(const Sha256& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace c4a
