#include "auth/signing_keys.h"

#include <algorithm>
#include <mutex>

#include "auth/digest.h"
#include "auth/openssl_handles.h"
#include "base/encoding.h"
#include "base/json_writer.h"

namespace c4a {
namespace {

constexpr std::size_t kSeedBytes = 32;
constexpr std::int64_t kReloadIntervalUs = 1'000'000;

std::unexpected<Error> bad_seed() {
  return fail(ErrorCode::kCorrupt, "A stored signing key is damaged; restore a backup of the metadata.");
}

// RFC 7638: the required members, sorted, without blanks.
std::string thumbprint(const std::string& x) {
  return to_base64url(sha256(R"({"crv":"Ed25519","kty":"OKP","x":")" + x + "\"}"));
}

}  // namespace

SigningKey::SigningKey(std::shared_ptr<EVP_PKEY> key, VerificationKey verification_key, const std::string& public_key)
    : key_(std::move(key)),
      verification_key_(std::move(verification_key)),
      x_(to_base64url(public_key)),
      kid_(thumbprint(x_)) {}

Result<std::shared_ptr<const SigningKey>> SigningKey::from_seed(std::string_view seed) {
  if (seed.size() != kSeedBytes) return bad_seed();
  std::shared_ptr<EVP_PKEY> key(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, octets(seed.data()), seed.size()),
      [](EVP_PKEY* owned) { EVP_PKEY_free(owned); });
  std::string public_key(kSeedBytes, '\0');
  std::size_t size = public_key.size();
  if (!key || EVP_PKEY_get_raw_public_key(key.get(), octets(public_key.data()), &size) != 1) return bad_seed();
  auto verification_key = VerificationKey::ed25519(public_key);
  if (!verification_key) return bad_seed();
  return std::shared_ptr<const SigningKey>(new SigningKey(std::move(key), *std::move(verification_key), public_key));
}

std::string SigningKey::sign(std::string_view text) const {
  const DigestContextHandle context(EVP_MD_CTX_new());
  std::string signature(64, '\0');
  std::size_t size = signature.size();
  if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), octets(signature.data()), &size, octets(text.data()), text.size()) != 1) {
    return {};  // out of memory: a token that nobody accepts
  }
  return signature;
}

std::string SigningKey::jwk_json() const {
  std::string json;
  JsonWriter(json)
      .begin_object()
      .member("kty", "OKP")
      .member("crv", "Ed25519")
      .member("alg", "EdDSA")
      .member("use", "sig")
      .member("kid", kid_)
      .member("x", x_)
      .end_object();
  return json;
}

Result<std::unique_ptr<SigningKeys>> SigningKeys::load(MetadataStore& store, const Clock& clock) {
  std::unique_ptr<SigningKeys> keys(new SigningKeys(store, clock));
  C4A_CHECK(keys->read_store());
  // Others may be starting at this moment, with a key of their own: the first unknown one is looked for at once.
  keys->last_reload_us_ = clock.monotonic_us() - kReloadIntervalUs;
  if (keys->newest()) return keys;
  const std::string seed = random_bytes(kSeedBytes);
  C4A_TRY(const auto made, SigningKey::from_seed(seed));
  C4A_CHECK(store.add_signing_key({made->kid(), seed, clock.now_ms()}));
  C4A_CHECK(keys->read_store());  // another process may have made one at the same time: both are good
  keys->last_reload_us_ = clock.monotonic_us() - kReloadIntervalUs;
  return keys;
}

Result<> SigningKeys::read_store() {
  C4A_TRY(const auto records, store_.signing_keys());
  std::vector<std::shared_ptr<const SigningKey>> keys;
  for (const auto& record : records) {
    C4A_TRY(auto key, SigningKey::from_seed(record.private_key));
    if (key->kid() != record.kid) return bad_seed();
    keys.push_back(std::move(key));
  }
  const std::unique_lock guard(mutex_);
  keys_ = std::move(keys);
  last_reload_us_ = clock_.monotonic_us();
  return {};
}

Result<> SigningKeys::reload() {
  {
    const std::shared_lock guard(mutex_);
    if (clock_.monotonic_us() - last_reload_us_ < kReloadIntervalUs) return {};
  }
  return read_store();
}

std::shared_ptr<const SigningKey> SigningKeys::newest() const {
  const std::shared_lock guard(mutex_);
  return keys_.empty() ? nullptr : keys_.back();
}

std::shared_ptr<const SigningKey> SigningKeys::find(std::string_view kid) const {
  const std::shared_lock guard(mutex_);
  const auto found = std::ranges::find_if(keys_, [&](const auto& key) { return key->kid() == kid; });
  return found == keys_.end() ? nullptr : *found;
}

std::string SigningKeys::jwks_json() const {
  const std::shared_lock guard(mutex_);
  std::string json;
  JsonWriter writer(json);
  writer.begin_object().key("keys").begin_array();
  for (const auto& key : keys_) writer.raw(key->jwk_json());
  writer.end_array().end_object();
  return json;
}

}  // namespace c4a
