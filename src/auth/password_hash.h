#pragma once

// Argon2id, with the parameters that OWASP recommends: 2 passes over 19 MiB, one lane. About 20 ms on one core, so call
// on a worker thread and bound how many run at once: each takes its 19 MiB.

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace c4a {

inline constexpr std::size_t kMinPasswordCharacters = 8;
inline constexpr std::size_t kMaxPasswordCharacters = 1024;

// Fails with: kValidationFailed at /password for a password of other length (in code points), kOverloaded without
// memory.
Result<std::string> hash_password(std::string_view password);

// Whether the password is the one that was hashed. Without a hash (no such user, or one without a password) it takes
// the same time and answers false, so that the time tells nothing.
bool verify_password(const std::optional<std::string>& hash, std::string_view password);

// Whether the hash was made with other parameters than today's.
bool needs_rehash(const std::string& hash);

}  // namespace c4a
