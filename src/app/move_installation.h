#pragma once

#include <filesystem>

#include "app/config.h"
#include "base/result.h"

namespace c4a {

// Moves what an embedded installation keeps in `directory` into the servers that the configuration names, and compares
// both sides at the end; tells of it on stdout. The directory is held meanwhile and keeps everything. Killed, it goes
// on when it is called again.
// Fails with: kValidationFailed (not the right engines or directory), kConflict (something else is there already, or
// the sides differ), and as the stores do.
Result<> move_installation(const Config& config, const std::filesystem::path& directory);

}  // namespace c4a
