#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace c4a {

// JSON Merge Patch, RFC 7396: `patch` applied to `target`, compact. Both are JSON; members keep the target's order, new
// ones follow in the patch's. Fails with: kMalformedJson.
Result<std::string> merge_patch(std::string_view target, std::string_view patch);

}  // namespace c4a
