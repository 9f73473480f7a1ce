#pragma once

#include <atomic>

namespace c4a::rocks {

// Makes a store's log fail, for tests: an errno for every write or fdatasync of it from now on; 0 is none.
struct WalFaults {
  std::atomic<int> write_errno{0};
  std::atomic<int> sync_errno{0};
};

}  // namespace c4a::rocks
