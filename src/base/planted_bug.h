#pragma once

// Mistakes on purpose, to prove that the tests see them. Compiled in only with the CMake option C4A_PLANTED_BUGS (debug
// builds); elsewhere `planted` is false at compile time and the branch is gone.

#include <cstdint>

namespace c4a {

enum class PlantedBug : std::uint8_t { kNone };

#ifdef C4A_PLANTED_BUGS
inline PlantedBug active_planted_bug = PlantedBug::kNone;  // set by one test at a time
inline bool planted(PlantedBug bug) { return active_planted_bug == bug; }
#else
constexpr bool planted(PlantedBug) { return false; }
#endif

}  // namespace c4a
