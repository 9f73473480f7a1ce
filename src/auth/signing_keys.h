#pragma once

// The Ed25519 keys that sign our access tokens. They live in MetadataStore, so tokens survive a restart; the newest
// signs, all verify.

#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "auth/verification_key.h"
#include "base/clock.h"
#include "base/result.h"
#include "metadata_store/metadata_store.h"

namespace c4a {

class SigningKey {
 public:
  // `seed`: the 32 private bytes. Fails with: kCorrupt.
  static Result<std::shared_ptr<const SigningKey>> from_seed(std::string_view seed);

  const std::string& kid() const { return kid_; }  // RFC 7638 thumbprint of the public key
  const VerificationKey& verification_key() const { return verification_key_; }
  std::string sign(std::string_view text) const;
  std::string jwk_json() const;

 private:
  SigningKey(std::shared_ptr<EVP_PKEY> key, VerificationKey verification_key, const std::string& public_key);

  std::shared_ptr<EVP_PKEY> key_;
  VerificationKey verification_key_;
  std::string x_;
  std::string kid_;
};

// Any thread may call any method.
class SigningKeys {
 public:
  // Reads the keys, and makes the first one where there is none. The store must outlive the object.
  // Fails with: what the store fails with, kCorrupt.
  static Result<std::unique_ptr<SigningKeys>> load(MetadataStore& store, const Clock& clock);

  std::shared_ptr<const SigningKey> newest() const;
  // Null for an unknown one.
  std::shared_ptr<const SigningKey> find(std::string_view kid) const;
  // Reads the store again, for a key that another process has made; at most every second. Blocks.
  Result<> reload();
  // RFC 7517, the answer of /.well-known/jwks.json.
  std::string jwks_json() const;

 private:
  SigningKeys(MetadataStore& store, const Clock& clock) : store_(store), clock_(clock) {}
  Result<> read_store();

  MetadataStore& store_;
  const Clock& clock_;
  mutable std::shared_mutex mutex_;
  std::vector<std::shared_ptr<const SigningKey>> keys_;  // oldest first
  std::int64_t last_reload_us_ = 0;
};

}  // namespace c4a
