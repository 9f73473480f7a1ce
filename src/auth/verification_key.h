#pragma once

// A public key that checks the signatures of JSON Web Signatures (RFC 7515, 7518, 8037): Ed25519, ECDSA on P-256, RSA.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using EVP_PKEY = struct evp_pkey_st;

namespace c4a {

// Copies share one key; any thread may verify.
class VerificationKey {
 public:
  // Nothing for bytes that are no key: a wrong length, a point off the curve, an RSA modulus outside 2,048 to 8,192
  // bits.
  static std::optional<VerificationKey> ed25519(std::string_view public_key);
  static std::optional<VerificationKey> p256(std::string_view x, std::string_view y);
  static std::optional<VerificationKey> rsa(std::string_view modulus, std::string_view exponent);

  // The algorithm is the key's, never the token's choice: `alg` must be one of those that the key was made for.
  bool allows(std::string_view alg) const;
  // Narrows a key to one of its algorithms. False where it has no such algorithm.
  bool restrict_to(std::string_view alg);
  bool verify(std::string_view alg, std::string_view text, std::string_view signature) const;

 private:
  VerificationKey(EVP_PKEY* key, std::vector<std::string> algorithms);

  std::shared_ptr<EVP_PKEY> key_;
  std::vector<std::string> algorithms_;
};

}  // namespace c4a
