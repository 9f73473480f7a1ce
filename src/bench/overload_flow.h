#pragma once

// Pairs of people of whom one sends on a schedule, whatever becomes of what was sent before, and sends nothing again:
// more than a server can do. What counts is how much of it is done in time, and how soon the rest is refused.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "bench/checks.h"
#include "bench/frame_scan.h"
#include "bench/histogram.h"
#include "bench/message_text.h"
#include "bench/poller.h"
#include "bench/setup.h"
#include "bench/soak_rules.h"
#include "bench/ws_client.h"

namespace c4a::bench {

struct OverloadOptions {
  std::size_t pairs = 200;
  double rate = 1000;  // messages per second, all pairs together
  std::size_t text_bytes = 300;
  std::int64_t good_us = 5'000'000;  // an answer or a delivery that takes longer is of no use any more
};

// Of the messages that were due while the flow ran.
struct OverloadFigures {
  std::uint64_t offered = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t acknowledged_in_time = 0;
  std::uint64_t undecided = 0;  // of the acknowledged: without a seq
  std::uint64_t delivered = 0;
  std::uint64_t delivered_in_time = 0;
  std::uint64_t refused = 0;  // 429, 503
  Histogram ack;
  Histogram delivery;
  Histogram refusal;
  Histogram own_lag;
};

class OverloadFlow {
 public:
  // `poller` must outlive the flow. Fails with: kUnavailable.
  static Result<std::unique_ptr<OverloadFlow>> open(Poller& poller, const Target& target,
                                                    const OverloadOptions& options);
  ~OverloadFlow();

  // Offers the rate for so long.
  void run(std::int64_t duration_us);
  // Waits until everything was answered, and all that was accepted has arrived. What has not is a violation.
  void drain(int timeout_s);

  const OverloadFigures& figures() const { return figures_; }
  const Violations& violations() const { return violations_; }

 private:
  class Pair;

  OverloadFlow(Poller& poller, const OverloadOptions& options);
  Result<void> set_up(const Target& target);
  bool drained() const;

  Poller& poller_;
  OverloadOptions options_;
  MessageWriter writer_;
  std::vector<std::unique_ptr<Pair>> pairs_;
  OverloadFigures figures_;
  Violations violations_;
  KeyFinder ref_{R"("ref":)"};
  KeyFinder sent_seq_{R"("seq":)"};
  KeyFinder error_status_{R"("status":)"};
  KeyFinder message_seq_{R"("seq":)"};
  KeyFinder text_{R"("text":")"};
};

}  // namespace c4a::bench
