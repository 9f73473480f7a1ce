#pragma once

// Makes tokens and key sets of any kind, good ones and bad ones. For tests.

#include <openssl/evp.h>

#include <memory>
#include <string>
#include <string_view>

namespace c4a {

// `header` and `claims` are JSON as text, so that broken JSON can be sent, too.
std::string jwt_parts(std::string_view header, std::string_view claims);

class ForgedKey {
 public:
  static ForgedKey ed25519();
  static ForgedKey p256();
  static ForgedKey rsa(unsigned bits);
  static ForgedKey ed25519_from_seed(std::string_view seed);

  // A whole token; `alg` decides only how it is signed, the header says what it likes.
  std::string sign(std::string_view alg, std::string_view header, std::string_view claims) const;
  // The public key as a JSON Web Key; `more` is spliced in, such as R"("use":"sig",)".
  std::string jwk(std::string_view kid, std::string_view more = {}) const;
  std::string public_pem() const;

 private:
  explicit ForgedKey(EVP_PKEY* key) : key_(key, [](EVP_PKEY* owned) { EVP_PKEY_free(owned); }) {}
  std::string raw_signature(std::string_view alg, std::string_view text) const;

  std::shared_ptr<EVP_PKEY> key_;
};

std::string hmac_signed(std::string_view secret, std::string_view header, std::string_view claims);

}  // namespace c4a
