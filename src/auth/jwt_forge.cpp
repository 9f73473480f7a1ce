#include "auth/jwt_forge.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <cstdlib>

#include "auth/openssl_handles.h"
#include "base/encoding.h"

namespace c4a {
namespace {

void require(bool done) {
  if (!done) std::abort();
}

std::string number_of(EVP_PKEY* key, const char* name, int size = 0) {
  BIGNUM* number = nullptr;
  require(EVP_PKEY_get_bn_param(key, name, &number) == 1);
  const BignumHandle owned(number);
  std::string bytes(static_cast<std::size_t>(size == 0 ? BN_num_bytes(number) : size), '\0');
  require(BN_bn2binpad(number, octets(bytes.data()), static_cast<int>(bytes.size())) > 0);
  return bytes;
}

std::string raw_from_der(const std::string& der) {
  const unsigned char* at = octets(der.data());
  const EcdsaSignatureHandle signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  require(signature != nullptr);
  std::string raw(64, '\0');
  require(BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), octets(raw.data()), 32) == 32);
  require(BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), octets(raw.data()) + 32, 32) == 32);
  return raw;
}

}  // namespace

std::string jwt_parts(std::string_view header, std::string_view claims) {
  return to_base64url(header) + "." + to_base64url(claims);
}

ForgedKey ForgedKey::ed25519() { return ForgedKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")); }
ForgedKey ForgedKey::p256() { return ForgedKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")); }
ForgedKey ForgedKey::rsa(unsigned bits) {
  return ForgedKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(bits)));
}
ForgedKey ForgedKey::ed25519_from_seed(std::string_view seed) {
  return ForgedKey(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, octets(seed.data()), seed.size()));
}

std::string ForgedKey::raw_signature(std::string_view alg, std::string_view text) const {
  const DigestContextHandle context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* details = nullptr;
  require(EVP_DigestSignInit(context.get(), &details, alg == "EdDSA" ? nullptr : EVP_sha256(), nullptr, key_.get()) ==
          1);
  if (alg == "PS256") {
    require(EVP_PKEY_CTX_set_rsa_padding(details, RSA_PKCS1_PSS_PADDING) == 1);
    require(EVP_PKEY_CTX_set_rsa_pss_saltlen(details, RSA_PSS_SALTLEN_DIGEST) == 1);
  }
  std::string signature(1024, '\0');
  std::size_t size = signature.size();
  require(EVP_DigestSign(context.get(), octets(signature.data()), &size, octets(text.data()), text.size()) == 1);
  signature.resize(size);
  return alg == "ES256" ? raw_from_der(signature) : signature;
}

std::string ForgedKey::sign(std::string_view alg, std::string_view header, std::string_view claims) const {
  const std::string text = jwt_parts(header, claims);
  return text + "." + to_base64url(raw_signature(alg, text));
}

std::string ForgedKey::jwk(std::string_view kid, std::string_view more) const {
  std::string json = "{" + std::string(more) + "\"kid\":\"" + std::string(kid) + "\",";
  if (EVP_PKEY_is_a(key_.get(), "RSA")) {
    return json + R"("kty":"RSA","n":")" + to_base64url(number_of(key_.get(), OSSL_PKEY_PARAM_RSA_N)) + R"(","e":")" +
           to_base64url(number_of(key_.get(), OSSL_PKEY_PARAM_RSA_E)) + "\"}";
  }
  if (EVP_PKEY_is_a(key_.get(), "EC")) {
    return json + R"("kty":"EC","crv":"P-256","x":")" +
           to_base64url(number_of(key_.get(), OSSL_PKEY_PARAM_EC_PUB_X, 32)) + R"(","y":")" +
           to_base64url(number_of(key_.get(), OSSL_PKEY_PARAM_EC_PUB_Y, 32)) + "\"}";
  }
  std::string raw(32, '\0');
  std::size_t size = raw.size();
  require(EVP_PKEY_get_raw_public_key(key_.get(), octets(raw.data()), &size) == 1);
  return json + R"("kty":"OKP","crv":"Ed25519","x":")" + to_base64url(raw) + "\"}";
}

std::string ForgedKey::public_pem() const {
  const std::unique_ptr<BIO, OpensslFree<&BIO_free>> memory(BIO_new(BIO_s_mem()));
  require(PEM_write_bio_PUBKEY(memory.get(), key_.get()) == 1);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

std::string hmac_signed(std::string_view secret, std::string_view header, std::string_view claims) {
  const std::string text = jwt_parts(header, claims);
  std::string mac(32, '\0');
  unsigned size = 0;
  require(HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), octets(text.data()), text.size(),
               octets(mac.data()), &size) != nullptr);
  return text + "." + to_base64url(mac);
}

}  // namespace c4a
