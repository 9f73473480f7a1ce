#pragma once

// Owners for OpenSSL objects. For .cpp files of this folder only.

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <memory>

namespace c4a {

template <auto kFree>
struct OpensslFree {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};

using PkeyHandle = std::unique_ptr<EVP_PKEY, OpensslFree<&EVP_PKEY_free>>;
using PkeyContextHandle = std::unique_ptr<EVP_PKEY_CTX, OpensslFree<&EVP_PKEY_CTX_free>>;
using DigestContextHandle = std::unique_ptr<EVP_MD_CTX, OpensslFree<&EVP_MD_CTX_free>>;
using BignumHandle = std::unique_ptr<BIGNUM, OpensslFree<&BN_free>>;
using ParamBuilderHandle = std::unique_ptr<OSSL_PARAM_BLD, OpensslFree<&OSSL_PARAM_BLD_free>>;
using ParamsHandle = std::unique_ptr<OSSL_PARAM, OpensslFree<&OSSL_PARAM_free>>;
using EcdsaSignatureHandle = std::unique_ptr<ECDSA_SIG, OpensslFree<&ECDSA_SIG_free>>;

inline const unsigned char* octets(const char* bytes) { return reinterpret_cast<const unsigned char*>(bytes); }
inline unsigned char* octets(char* bytes) { return reinterpret_cast<unsigned char*>(bytes); }

}  // namespace c4a
