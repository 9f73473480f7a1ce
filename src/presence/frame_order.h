#pragma once

#include <cstdint>
#include <unordered_map>

namespace c4a {

// Notices lost frames by their counters. Not thread-safe.
class FrameOrder {
 public:
  // True where frames may be missing before this one: the sender is new, or its counter jumped.
  bool gap_before(std::uint64_t router, std::uint64_t counter) {
    const auto [found, is_new] = last_.try_emplace(router, counter);
    const bool gap = is_new || counter != found->second + 1;
    found->second = counter;
    return gap;
  }
  // Nothing is known any more of what was sent.
  void forget() { last_.clear(); }

 private:
  std::unordered_map<std::uint64_t, std::uint64_t> last_;
};

}  // namespace c4a
