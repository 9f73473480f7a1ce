#pragma once

// The pairs of the soak, driven by one schedule: open loop, whatever happens to the servers.

#include <csignal>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "bench/poller.h"
#include "bench/soak_pair.h"

namespace c4a::bench {

class SoakFlow {
 public:
  // Makes users and conversations at the first of the servers. `poller` and `servers` must outlive the flow.
  // Fails with: kUnavailable.
  static Result<std::unique_ptr<SoakFlow>> open(Poller& poller, std::span<const Endpoint> servers,
                                                const std::string& admin_key, const SoakOptions& options);

  // Until everybody is connected. Fails with: kUnavailable.
  Result<void> connect(int timeout_s);
  // Sends until `until_us`. `stops` is counted up by signals: one ends it once `least` messages are acknowledged, two
  // at once.
  void run(std::int64_t until_us, std::uint64_t least, const volatile std::sig_atomic_t& stops);
  // No new messages; until all is answered and has arrived.
  void settle(int timeout_s);
  // Reads every history over a few connections, judges what only the end can tell, and hangs up. What is unsettled by
  // now is a violation, and so is an acknowledgement that does not show in `patience_s`, or a history that cannot be
  // read for twice as long.
  void judge_end(int patience_s);

  const SoakFigures& figures() const { return shared_.figures; }
  const Timeline& timeline() const { return shared_.timeline; }
  const Findings& findings() const { return shared_.findings; }

 private:
  SoakFlow(Poller& poller, std::span<const Endpoint> servers, const SoakOptions& options)
      : shared_(poller, servers, options) {}
  void turn(std::int64_t until_us);

  SoakShared shared_;
  std::vector<std::unique_ptr<SoakPair>> pairs_;
  std::int64_t next_tick_us_ = 0;
};

}  // namespace c4a::bench
