#pragma once

#include <optional>
#include <string>

#include "app/config.h"

namespace c4a {

// `chat4all serve`: runs until SIGTERM or SIGINT, then drains. Answers the exit code. `demo`: with example users.
int serve(const Config& config, bool demo);

}  // namespace c4a
