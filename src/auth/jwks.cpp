#include "auth/jwks.h"

#include "auth/jwt.h"
#include "base/encoding.h"
#include "base/json_reader.h"

namespace c4a {
namespace {

std::string text_of(JsonObject jwk, std::string_view name) {
  std::string_view text;
  if (jwk.at_key(name).get_string().get(text) != simdjson::SUCCESS) return {};
  return std::string(text);
}

// Empty for a member that is absent or no base64url, which no key accepts.
std::string bytes_of(JsonObject jwk, std::string_view name) { return from_base64url(text_of(jwk, name)).value_or(""); }

std::optional<VerificationKey> key_material(JsonObject jwk) {
  const std::string type = text_of(jwk, "kty");
  const std::string curve = text_of(jwk, "crv");
  if (type == "OKP" && curve == "Ed25519") return VerificationKey::ed25519(bytes_of(jwk, "x"));
  if (type == "EC" && curve == "P-256") return VerificationKey::p256(bytes_of(jwk, "x"), bytes_of(jwk, "y"));
  if (type == "RSA") return VerificationKey::rsa(bytes_of(jwk, "n"), bytes_of(jwk, "e"));
  return std::nullopt;
}

std::optional<VerificationKey> usable_key(JsonObject jwk) {
  const std::string use = text_of(jwk, "use");
  if (!use.empty() && use != "sig") return std::nullopt;
  auto key = key_material(jwk);
  const std::string alg = text_of(jwk, "alg");
  if (key && !alg.empty() && !key->restrict_to(alg)) return std::nullopt;
  return key;
}

std::unexpected<Error> no_key_set(std::string detail) { return fail(ErrorCode::kValidationFailed, std::move(detail)); }

}  // namespace

Result<JwkSet> JwkSet::parse(std::string_view json) {
  if (json.size() > kMaxJwksBytes) return no_key_set("The key set is larger than 256 KiB.");
  const auto document = parse_json_object(json);
  JsonArray keys;
  if (!document || document->at_key("keys").get_array().get(keys) != simdjson::SUCCESS) {
    return no_key_set("The document is no JSON Web Key Set: it holds no list \"keys\".");
  }
  JwkSet set;
  for (const JsonElement element : keys) {
    JsonObject jwk;
    if (element.get_object().get(jwk) != simdjson::SUCCESS) continue;
    auto key = usable_key(jwk);
    std::string kid = text_of(jwk, "kid");
    if (!key || kid.size() > kMaxKidBytes) continue;
    if (set.keys_.size() == kMaxJwksKeys) return no_key_set("The key set holds more than 64 keys.");
    set.keys_.push_back({std::move(kid), *std::move(key)});
  }
  if (set.keys_.empty()) {
    return no_key_set("The key set holds no key that can be used: Ed25519, P-256, or RSA of 2048 bits and more.");
  }
  return set;
}

const VerificationKey* JwkSet::find(const std::optional<std::string>& kid, std::string_view alg) const {
  const VerificationKey* fitting = nullptr;
  for (const auto& entry : keys_) {
    if (!entry.key.allows(alg) || (kid && entry.kid != *kid)) continue;
    if (kid) return &entry.key;
    if (fitting != nullptr) return nullptr;  // more than one, and the token does not choose
    fitting = &entry.key;
  }
  return fitting;
}

}  // namespace c4a
