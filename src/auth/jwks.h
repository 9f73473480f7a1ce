#pragma once

// The public keys of an outside issuer: a JSON Web Key Set, RFC 7517.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/verification_key.h"
#include "base/result.h"

namespace c4a {

inline constexpr std::size_t kMaxJwksBytes = 256 * 1024;
inline constexpr std::size_t kMaxJwksKeys = 64;

class JwkSet {
 public:
  // Takes Ed25519 (OKP), P-256 (EC, ES256) and RSA (RS256, PS256, 2,048 bits and more); skips every other key, as the
  // RFC asks. Fails with: kValidationFailed for what is no key set, is too large or holds no key that can be used.
  static Result<JwkSet> parse(std::string_view json);

  // The key that a token names, or the only key that fits where it names none; empty where it is unknown.
  const VerificationKey* find(const std::optional<std::string>& kid, std::string_view alg) const;

 private:
  struct Entry {
    std::string kid;
    VerificationKey key;
  };
  std::vector<Entry> keys_;
};

}  // namespace c4a
