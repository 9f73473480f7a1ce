#pragma once

#include <cstdint>
#include <unordered_map>

namespace c4a {

// Notices lost frames: by their counters, and by the silence of a sender, which says something every second. Times are
// ms of a steady clock. Not thread-safe.
class FrameOrder {
 public:
  static constexpr std::int64_t kSilentAfterMs = 2500;
  // By then the partitions of a dead router have another owner; one that is still silent may be cut off, and decide on.
  static constexpr std::int64_t kDeadByMs = 15'000;
  static constexpr std::int64_t kForgottenAfterMs = 600'000;
  static constexpr std::int64_t kLookEveryMs = 1000;
  static constexpr std::int64_t kLookLaterEveryMs = 10'000;

  // True where frames may be missing before this one: the sender is new, or its counter jumped.
  bool gap_before(std::uint64_t router, std::uint64_t counter, std::int64_t now_ms) {
    const auto [found, is_new] = last_.try_emplace(router, Last{counter, now_ms, now_ms});
    const bool gap = is_new || counter != found->second.counter + 1;
    found->second = {counter, now_ms, now_ms};
    return gap;
  }
  // True each second while a sender is silent, and after `kDeadByMs` every ten: nothing else shows what it decides.
  bool silence_may_hide_frames(std::int64_t now_ms) {
    std::erase_if(last_, [now_ms](const auto& sender) { return now_ms - sender.second.heard_ms > kForgottenAfterMs; });
    bool look = false;
    for (auto& [router, last] : last_) look = last.due(now_ms) || look;
    return look;
  }
  // It has said that it decides nothing more.
  void left(std::uint64_t router) { last_.erase(router); }
  // Nothing is known any more of what was sent.
  void forget() { last_.clear(); }

 private:
  struct Last {
    // Whether it is time to look for what it may have decided; then it is not for a while.
    bool due(std::int64_t now_ms) {
      const std::int64_t silent_ms = now_ms - heard_ms;
      const std::int64_t every_ms = silent_ms > kDeadByMs ? kLookLaterEveryMs : kLookEveryMs;
      if (silent_ms <= kSilentAfterMs || (looked_ms != heard_ms && now_ms - looked_ms < every_ms)) return false;
      looked_ms = now_ms;
      return true;
    }
    std::uint64_t counter;
    std::int64_t heard_ms;
    std::int64_t looked_ms;
  };
  std::unordered_map<std::uint64_t, Last> last_;
};

}  // namespace c4a
