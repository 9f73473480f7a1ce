#pragma once

// Fills conversations: many messages through a few WebSockets, to people who are away.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bench/checks.h"
#include "bench/frame_scan.h"
#include "bench/message_text.h"
#include "bench/poller.h"
#include "bench/setup.h"

namespace c4a::bench {

// A conversation into which one sender alone sends: its n-th message must take the seq n.
struct BulkConversation {
  std::string id;
  std::uint32_t sent = 0;
};

class BulkLoad {
 public:
  struct Options {
    std::size_t window = 64;  // messages under way per sender
    std::size_t text_bytes = 300;
    std::string progress{};  // names the work on stderr every 500,000 messages; empty: silent
  };
  // The conversation for the next message of a sender (an index into `senders`).
  using Choose = std::function<BulkConversation&(std::size_t sender)>;

  // Connects a WebSocket for each sender. Fails with: kUnavailable.
  static Result<std::unique_ptr<BulkLoad>> open(Poller& poller, const Target& target,
                                                std::span<const BenchUser> senders, Options options);
  ~BulkLoad();

  // Sends `total` messages and returns when all are acknowledged. Fails with: kUnavailable, when a connection is lost
  // or no answer comes for 60 s.
  Result<void> send(std::uint64_t total, const Choose& choose);
  const Violations& violations() const { return violations_; }

 private:
  class Sender;
  BulkLoad(Poller& poller, Options options);

  Poller& poller_;
  Options options_;
  MessageWriter writer_;
  std::vector<std::unique_ptr<Sender>> senders_;
  const Choose* choose_ = nullptr;
  std::uint64_t unsent_ = 0;
  std::uint64_t unanswered_ = 0;
  std::uint64_t answered_ = 0;
  std::int64_t last_answer_us_ = 0;
  std::string broken_;  // why, once a connection was lost
  Violations violations_;
  KeyFinder ref_{R"("ref":)"};
  KeyFinder seq_{R"("seq":)"};
};

}  // namespace c4a::bench
