#include "auth/password_hash.h"

#include <fmt/format.h>
#include <sodium.h>

#include "base/encoding.h"

namespace c4a {
namespace {

constexpr unsigned long long kPasses = 2;
constexpr std::size_t kMemoryBytes = 19 * 1024 * 1024;

std::optional<std::string> hash_text(std::string_view password) {
  char hash[crypto_pwhash_STRBYTES];
  if (crypto_pwhash_str_alg(hash, password.data(), password.size(), kPasses, kMemoryBytes,
                            crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return std::nullopt;
  }
  return std::string(hash);
}

const std::string& dummy_hash() {
  static const std::string hash = hash_text("nobody has this password").value_or("");
  return hash;
}

}  // namespace

Result<std::string> hash_password(std::string_view password) {
  const std::size_t characters = count_code_points(password);
  if (characters < kMinPasswordCharacters || characters > kMaxPasswordCharacters) {
    return fail_field("/password",
                      fmt::format("must have {} to {} characters", kMinPasswordCharacters, kMaxPasswordCharacters));
  }
  auto hash = hash_text(password);
  if (!hash) return fail(ErrorCode::kOverloaded, "There is not enough memory to hash a password; try again.");
  return *std::move(hash);
}

bool verify_password(const std::optional<std::string>& hash, std::string_view password) {
  const std::string& known = hash ? *hash : dummy_hash();
  // A longer text is nobody's password and would only buy time on our processor.
  const std::string_view tried = password.substr(0, kMaxPasswordCharacters * 4);
  const bool same = crypto_pwhash_str_verify(known.c_str(), tried.data(), tried.size()) == 0;
  return same && hash.has_value() && tried.size() == password.size();
}

bool needs_rehash(const std::string& hash) {
  return crypto_pwhash_str_needs_rehash(hash.c_str(), kPasses, kMemoryBytes) != 0;
}

}  // namespace c4a
