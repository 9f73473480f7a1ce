#pragma once

// One group whose members are all online: what each message costs when it goes to a thousand people.

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
#include "bench/ws_client.h"

namespace c4a::bench {

struct GroupOptions {
  std::size_t members = 1000;
  std::size_t senders = 4;  // the first ones of the members
  std::size_t text_bytes = 300;
};

class GroupFlow {
 public:
  static Result<std::unique_ptr<GroupFlow>> open(Poller& poller, const Target& target, const GroupOptions& options);
  ~GroupFlow();

  // The next message, from the next sender.
  void send(std::int64_t due_us);
  // Turns until `until_us`; members acknowledge on the way, each at most every 500 ms, evenly spread.
  void run(std::int64_t until_us);
  // Until every message sent so far has reached every member, at most `timeout_s`. Whether it has.
  bool await_all(int timeout_s);
  // What is missing or out of order becomes a violation.
  void finish();

  bool broken() const { return broken_; }
  std::uint64_t sent() const { return due_us_.size() - 1; }
  std::uint64_t deliveries() const { return deliveries_; }
  std::uint64_t deliveries_per_message() const { return options_.members - 1; }
  Histogram& delivery() { return delivery_; }
  Histogram& ack() { return ack_; }
  const Violations& violations() const { return violations_; }

 private:
  class Member;

  GroupFlow(Poller& poller, const GroupOptions& options);
  Result<void> set_up(const Target& target);
  void acknowledge(std::int64_t now);
  void on_sent(Member& member, std::string_view frame, std::int64_t now);
  void on_message(Member& member, std::string_view frame, std::int64_t now);

  Poller& poller_;
  GroupOptions options_;
  MessageWriter writer_;
  std::string conversation_;
  std::vector<std::unique_ptr<Member>> members_;
  std::vector<std::int64_t> due_us_{0};  // by message number
  std::size_t next_ack_ = 0;
  std::int64_t next_ack_us_ = 0;
  std::uint64_t deliveries_ = 0;
  std::uint64_t acks_ = 0;
  bool broken_ = false;
  Histogram delivery_;
  Histogram ack_;
  Violations violations_;
  KeyFinder ref_{R"("ref":)"};
  KeyFinder sent_seq_{R"("seq":)"};
  KeyFinder message_seq_{R"("seq":)"};
  KeyFinder text_{R"("text":")"};
};

}  // namespace c4a::bench
