#pragma once

namespace c4a::simulation {

// Turns on every planted bug in turn and runs seeds until the checker sees it. Prints a table; answers 0 if all were
// caught. Needs a build with C4A_PLANTED_BUGS.
int hunt_planted_bugs();

}  // namespace c4a::simulation
