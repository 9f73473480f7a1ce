#pragma once

// Gets a key set over the network.

#include <functional>
#include <string>

#include "base/result.h"

namespace c4a {

// Answers the document at `url`. Blocks; called on a worker thread.
using JwksFetch = std::function<Result<std::string>(const std::string& url)>;

// https, or http where the host is this machine itself; a key set that anyone on the way can replace protects nothing.
// Fails with: kValidationFailed, with the rule.
Result<> check_jwks_url(const std::string& url);

// With libcurl: 5 s in all, 256 KiB, no redirects, certificates verified.
// Fails with: kValidationFailed for the URL, kUnavailable.
Result<std::string> fetch_jwks(const std::string& url);

}  // namespace c4a
