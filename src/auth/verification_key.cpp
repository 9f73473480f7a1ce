#include "auth/verification_key.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include <algorithm>

#include "auth/openssl_handles.h"

namespace c4a {
namespace {

constexpr int kMinRsaBits = 2048;
constexpr int kMaxRsaBits = 8192;  // more would let an issuer's key eat our processor
constexpr std::size_t kMaxRsaExponentBytes = 8;
constexpr std::size_t kP256Bytes = 32;

PkeyHandle key_from(const char* type, OSSL_PARAM_BLD* builder) {
  const ParamsHandle params(OSSL_PARAM_BLD_to_param(builder));
  const PkeyContextHandle context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    ERR_clear_error();
    return nullptr;
  }
  PkeyHandle owned(key);
  const PkeyContextHandle check(EVP_PKEY_CTX_new(key, nullptr));
  if (!check || EVP_PKEY_public_check(check.get()) != 1) {
    ERR_clear_error();
    return nullptr;
  }
  return owned;
}

BignumHandle big_number(std::string_view bytes) {
  return BignumHandle(BN_bin2bn(octets(bytes.data()), static_cast<int>(bytes.size()), nullptr));
}

// JWS carries r and s side by side, OpenSSL wants them in DER.
std::string der_signature(std::string_view raw) {
  if (raw.size() != 2 * kP256Bytes) return {};
  const EcdsaSignatureHandle signature(ECDSA_SIG_new());
  BignumHandle r = big_number(raw.substr(0, kP256Bytes));
  BignumHandle s = big_number(raw.substr(kP256Bytes));
  if (!signature || !r || !s || ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) return {};
  (void)r.release();  // owned by the signature now
  (void)s.release();
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  if (size <= 0) return {};
  std::string text(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return text;
}

bool set_pss(EVP_PKEY_CTX* context) {
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

}  // namespace

VerificationKey::VerificationKey(EVP_PKEY* key, std::vector<std::string> algorithms)
    : key_(key, [](EVP_PKEY* owned) { EVP_PKEY_free(owned); }), algorithms_(std::move(algorithms)) {}

std::optional<VerificationKey> VerificationKey::ed25519(std::string_view public_key) {
  if (public_key.size() != 32) return std::nullopt;
  EVP_PKEY* key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, octets(public_key.data()), public_key.size());
  if (key == nullptr) return std::nullopt;
  return VerificationKey(key, {"EdDSA", "Ed25519"});
}

std::optional<VerificationKey> VerificationKey::p256(std::string_view x, std::string_view y) {
  if (x.size() != kP256Bytes || y.size() != kP256Bytes) return std::nullopt;
  const std::string point = '\x04' + std::string(x) + std::string(y);
  const ParamBuilderHandle builder(OSSL_PARAM_BLD_new());
  if (!builder || OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1) {
    return std::nullopt;
  }
  PkeyHandle key = key_from("EC", builder.get());
  if (!key) return std::nullopt;
  return VerificationKey(key.release(), {"ES256"});
}

std::optional<VerificationKey> VerificationKey::rsa(std::string_view modulus, std::string_view exponent) {
  if (modulus.size() > kMaxRsaBits / 8 || exponent.empty() || exponent.size() > kMaxRsaExponentBytes) {
    return std::nullopt;
  }
  const BignumHandle n = big_number(modulus);
  const BignumHandle e = big_number(exponent);
  const ParamBuilderHandle builder(OSSL_PARAM_BLD_new());
  if (!n || !e || BN_num_bits(n.get()) < kMinRsaBits || !BN_is_odd(e.get()) || BN_is_one(e.get()) || !builder ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
    return std::nullopt;
  }
  PkeyHandle key = key_from("RSA", builder.get());
  if (!key) return std::nullopt;
  return VerificationKey(key.release(), {"RS256", "PS256"});
}

bool VerificationKey::allows(std::string_view alg) const {
  return std::ranges::find(algorithms_, alg) != algorithms_.end();
}

bool VerificationKey::restrict_to(std::string_view alg) {
  if (!allows(alg)) return false;
  algorithms_ = {std::string(alg)};
  return true;
}

bool VerificationKey::verify(std::string_view alg, std::string_view text, std::string_view signature) const {
  if (!allows(alg)) return false;
  const std::string der = alg == "ES256" ? der_signature(signature) : std::string(signature);
  const bool hashes_itself = alg == "EdDSA" || alg == "Ed25519";
  const DigestContextHandle context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* details = nullptr;  // owned by the context
  bool valid = context && EVP_DigestVerifyInit(context.get(), &details, hashes_itself ? nullptr : EVP_sha256(), nullptr,
                                               key_.get()) == 1;
  if (valid && alg == "PS256") valid = set_pss(details);
  valid =
      valid && EVP_DigestVerify(context.get(), octets(der.data()), der.size(), octets(text.data()), text.size()) == 1;
  ERR_clear_error();
  return valid;
}

}  // namespace c4a
