#pragma once

// Pairs of people who talk 1:1: one sends, the other acknowledges what it gets. The measure of a chat server, and every
// promise about it is checked on the way.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "bench/checks.h"
#include "bench/frame_scan.h"
#include "bench/histogram.h"
#include "bench/message_text.h"
#include "bench/pacer.h"
#include "bench/poller.h"
#include "bench/setup.h"
#include "bench/ws_client.h"

namespace c4a::bench {

struct PairOptions {
  std::size_t pairs = 200;
  std::size_t in_flight = 8;  // closed loop: per pair, until a message was acknowledged and has reached its recipient
  double rate = 0;            // open loop: messages per second, all pairs together; 0: closed loop
  std::size_t text_bytes = 300;
  bool message_ids = false;
};

struct PairFigures {
  std::uint64_t acks = 0;
  std::uint64_t deliveries = 0;
  std::uint64_t statuses = 0;
  std::uint64_t undecided = 0;  // of the acks: accepted, and without a seq
  Histogram ack;                // from when a send was due to its `sent`
  Histogram delivery;           // from when a send was due to the `message` at its recipient
  Histogram own_lag;            // open loop: from when a send was due until this program came to it
};

class PairFlow {
 public:
  // Makes the users and conversations, and connects both ends of every pair. `poller` must outlive the flow.
  static Result<std::unique_ptr<PairFlow>> open(Poller& poller, const Target& target, const PairOptions& options);
  ~PairFlow();

  void start();
  // No new messages; what is under way goes on.
  void stop();

  // Turns until `until_us`, sending on the way. Ends early where the flow broke.
  void run(std::int64_t until_us);
  // After stop(): turns until everything has arrived and was reported, at most `timeout_s`; what has not is a
  // violation.
  void drain(int timeout_s);

  // A connection was lost: there is nothing more to measure.
  bool broken() const { return broken_; }
  const PairFigures& figures() const { return figures_; }
  void reset_figures();
  const Violations& violations() const { return violations_; }

 private:
  struct Pair;
  class Sender;
  class Recipient;

  PairFlow(Poller& poller, const PairOptions& options);
  Result<void> set_up(const Target& target);
  // Open loop: sends what is due. When it wants to be called again.
  std::int64_t pump(std::int64_t now);
  void send(Pair& pair, std::int64_t due_us);
  void top_up(Pair& pair, std::int64_t now);
  void on_sent(Pair& pair, std::string_view frame, std::int64_t now);
  void on_status(Pair& pair, std::string_view frame);
  void on_message(Pair& pair, std::string_view frame, std::int64_t now);
  void on_lost(const Pair& pair, std::string_view end, const std::string& reason);
  void judge(const Pair& pair, FlightWindow::Seen seen, std::string_view what, std::uint64_t number);
  bool drained() const;

  Poller& poller_;
  PairOptions options_;
  MessageWriter writer_;
  std::vector<std::unique_ptr<Pair>> pairs_;
  Pacer pacer_;
  bool sending_ = false;
  bool broken_ = false;
  PairFigures figures_;
  Violations violations_;
  KeyFinder ref_{R"("ref":)"};
  KeyFinder sent_seq_{R"("seq":)"};
  KeyFinder status_seq_{R"("seq":)"};
  KeyFinder status_{R"("status":)"};
  KeyFinder message_seq_{R"("seq":)"};
  KeyFinder text_{R"("text":")"};
};

}  // namespace c4a::bench
