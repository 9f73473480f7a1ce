#include "file_store/checksum.h"

#include <openssl/evp.h>

#include <cassert>
#include <cstdlib>
#include <cstring>

namespace c4a {
namespace {

EVP_MD_CTX* evp(void* context) { return static_cast<EVP_MD_CTX*>(context); }

// These calls fail only without memory or with a broken OpenSSL; there is no way to go on safely.
void must(bool done) {
  if (!done) std::abort();
}

}  // namespace

void DigestStream::Free::operator()(void* context) const { EVP_MD_CTX_free(evp(context)); }

DigestStream::DigestStream(DigestAlgorithm algorithm) : context_(EVP_MD_CTX_new()) {
  must(context_ != nullptr);
  const EVP_MD* method = algorithm == DigestAlgorithm::kSha1 ? EVP_sha1() : EVP_sha256();
  must(EVP_DigestInit_ex(evp(context_.get()), method, nullptr) == 1);
}

void DigestStream::add(std::string_view bytes) {
  must(EVP_DigestUpdate(evp(context_.get()), bytes.data(), bytes.size()) == 1);
}

std::string DigestStream::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  must(EVP_DigestFinal_ex(evp(context_.get()), digest.data(), &size) == 1);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

Sha256 DigestStream::finish_sha256() {
  const std::string digest = finish();
  Sha256 result{};
  assert(digest.size() == result.size());
  std::memcpy(result.data(), digest.data(), result.size());
  return result;
}

Sha256 sha256_of(std::string_view bytes) {
  DigestStream stream;
  stream.add(bytes);
  return stream.finish_sha256();
}

bool Checksum::matches(std::string_view content) const {
  DigestStream stream(algorithm);
  stream.add(content);
  return stream.finish() == bytes;
}

}  // namespace c4a
