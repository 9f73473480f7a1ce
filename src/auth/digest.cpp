#include "auth/digest.h"

#include <sodium.h>

#include <cstdlib>

namespace c4a {
namespace {

// libsodium wants to be asked once before anything else; without it there is no way to go on safely.
[[maybe_unused]] const bool kSodiumReady = [] {
  if (sodium_init() < 0) std::abort();
  return true;
}();

}  // namespace

std::string sha256(std::string_view bytes) {
  std::string digest(crypto_hash_sha256_BYTES, '\0');
  crypto_hash_sha256(reinterpret_cast<unsigned char*>(digest.data()),
                     reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  return digest;
}

std::string random_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  randombytes_buf(bytes.data(), bytes.size());
  return bytes;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace c4a
