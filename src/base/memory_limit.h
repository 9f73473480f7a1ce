#pragma once

#include <cstdint>

namespace c4a {

// Bytes of memory that this process may use: the machine's, or what its control group (version 2) allows if that is
// less. A container's own limit is found so.
std::uint64_t memory_limit();

}  // namespace c4a
