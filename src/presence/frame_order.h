#pragma once

#include <cstdint>
#include <unordered_map>

namespace c4a {

// Notices lost frames: by their counters, and by the silence of a sender, which says something every second. Times are
// ms of a steady clock. Not thread-safe.
class FrameOrder {
 public:
  static constexpr std::int64_t kSilentAfterMs = 2500;

  // True where frames may be missing before this one: the sender is new, or its counter jumped.
  bool gap_before(std::uint64_t router, std::uint64_t counter, std::int64_t now_ms) {
    const auto [found, is_new] = last_.try_emplace(router, Last{counter, now_ms});
    const bool gap = is_new || counter != found->second.counter + 1;
    found->second = {counter, now_ms};
    return gap;
  }
  // True once for a sender that has fallen silent: what it sent last may be lost, and nothing will show it.
  bool somebody_fell_silent(std::int64_t now_ms) {
    return std::erase_if(
               last_, [now_ms](const auto& sender) { return now_ms - sender.second.heard_ms > kSilentAfterMs; }) != 0;
  }
  // Nothing is known any more of what was sent.
  void forget() { last_.clear(); }

 private:
  struct Last {
    std::uint64_t counter;
    std::int64_t heard_ms;
  };
  std::unordered_map<std::uint64_t, Last> last_;
};

}  // namespace c4a
