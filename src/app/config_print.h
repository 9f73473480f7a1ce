#pragma once

#include <string>

#include "app/config_load.h"

namespace c4a {

// The configuration in effect as a TOML file: every option with its help, and where its value came from. Reading it
// again gives the same configuration, but for passwords inside URLs, which are shown as ***.
std::string print_config(const LoadedConfig& loaded);

// docs/reference/configuration.md, generated from the table of options.
std::string configuration_reference();

}  // namespace c4a
