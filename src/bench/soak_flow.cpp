#include "bench/soak_flow.h"

#include <fmt/format.h>

#include <algorithm>

#include "bench/history_reader.h"
#include "bench/pacer.h"

namespace c4a::bench {
namespace {

constexpr std::int64_t kTickUs = 5'000;
constexpr std::int64_t kSetUpUs = 120'000'000;
constexpr std::int64_t kSetUpPauseUs = 1'000'000;

// Once it succeeds: a system that has just been started refuses some of what is asked all at once.
template <class Attempt>
auto patiently(Poller& poller, Attempt attempt) {
  const auto deadline = now_us() + kSetUpUs;
  while (true) {
    auto made = attempt();
    if (made || now_us() > deadline) return made;
    for (const auto until = now_us() + kSetUpPauseUs; now_us() < until;) poller.turn(until);
  }
}

}  // namespace

Result<std::unique_ptr<SoakFlow>> SoakFlow::open(Poller& poller, std::span<const Endpoint> servers,
                                                 const std::string& admin_key, const SoakOptions& options) {
  std::unique_ptr<SoakFlow> flow(new SoakFlow(poller, servers, options));
  const Target target{servers.front(), admin_key, 0};
  C4A_TRY(auto made, patiently(poller, [&] { return make_pairs(poller, target, "soak", options.pairs); }));
  for (std::size_t i = 0; i < made.size(); ++i) {
    auto& [first, second, conversation] = made[i];
    flow->pairs_.push_back(
        std::make_unique<SoakPair>(flow->shared_, i, std::move(first), std::move(second), std::move(conversation)));
  }
  return flow;
}

void SoakFlow::turn(std::int64_t until_us) {
  const auto now = now_us();
  if (now >= next_tick_us_) {
    for (auto& pair : pairs_) pair->tick(now);
    next_tick_us_ = now + kTickUs;
  }
  shared_.poller.turn(std::min(until_us, next_tick_us_));
}

Result<void> SoakFlow::connect(int timeout_s) {
  const auto deadline = now_us() + std::int64_t{timeout_s} * 1'000'000;
  while (!std::ranges::all_of(pairs_, [](const auto& pair) { return pair->connected(); })) {
    if (now_us() > deadline) {
      const auto missing = std::ranges::count_if(pairs_, [](const auto& pair) { return !pair->connected(); });
      return fail(ErrorCode::kUnavailable, fmt::format("{} pairs are not connected after {} s", missing, timeout_s));
    }
    turn(deadline);
  }
  return {};
}

void SoakFlow::run(std::int64_t until_us, std::uint64_t least, const volatile std::sig_atomic_t& stops) {
  const auto stopped = [&] { return stops > 1 || (stops == 1 && shared_.figures.acknowledged >= least); };
  auto now = now_us();
  shared_.sending = true;
  shared_.timeline = Timeline(now, system_clock().now_ms());
  Pacer pacer(now, shared_.options.rate);
  for (; now < until_us && !stopped(); now = now_us()) {
    while (pacer.due(now)) {
      auto& pair = *pairs_[pacer.taken() % pairs_.size()];
      pair.message_due(pacer.take(), now);
    }
    turn(std::min(pacer.next_due_us(), until_us));
  }
  shared_.sending = false;
  shared_.timeline.ended(now);
}

void SoakFlow::settle(int timeout_s) {
  const auto deadline = now_us() + std::int64_t{timeout_s} * 1'000'000;
  while (now_us() < deadline && !std::ranges::all_of(pairs_, [](const auto& pair) { return pair->settled(); })) {
    turn(deadline);
  }
}

void SoakFlow::judge_end(int patience_s) {
  const auto patience_us = std::int64_t{patience_s} * 1'000'000;
  const auto receipts_until = now_us() + patience_us;  // for the last acknowledgements to show
  std::vector<HistoryJob> jobs;
  for (auto& pair : pairs_) {
    jobs.push_back({pair->conversation(), pair->reader_token(),
                    [&pair](std::string_view item) { return pair->judge_item(item); },
                    [&pair, receipts_until](std::string_view body) {
                      return pair->judge_receipts(body, now_us() > receipts_until);
                    }});
  }
  HistoryReader reader(shared_.poller, shared_.servers, jobs);
  while (!reader.done() && now_us() < reader.last_progress_us() + 2 * patience_us) {
    reader.tick(now_us());
    turn(now_us() + kTickUs);
  }
  if (!reader.done()) {
    shared_.findings.add(Wrong::kLost, fmt::format("{} of {} histories were read, then nothing more: {}",
                                                   reader.jobs_done(), jobs.size(), reader.last_failure()));
  }
  for (auto& pair : pairs_) {
    pair->close();
    if (reader.done()) pair->judge_end();
  }
}

}  // namespace c4a::bench
