#pragma once

// What the soak judges by, for one conversation with one sender and one recipient, over any number of connections.
// Plain classes without I/O; they keep a few bytes a message, and no text, so that millions of messages can be judged.
//
// A message has a number, 1, 2, 3… in the order in which the sender made it, and a seq, the place that the server gave
// it.

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/checks.h"

namespace c4a::bench {

enum class Wrong : std::uint8_t {
  kLost,        // something acknowledged, or shown to somebody, is no longer there
  kTwice,       // a message stands in two places, was accepted twice, or was sent twice where it must not be
  kOrder,       // a seq with a hole or a step back; sends of one socket out of order
  kStatusBack,  // a receipt that was told is smaller now, or told again
  kChanged,     // another text, sender or id than was sent
  kUnexpected,  // an answer that no client should get
};
inline constexpr std::size_t kWrongs = 6;
std::string_view name_of(Wrong kind);

// Violations by kind.
class Findings {
 public:
  void add(Wrong kind, std::string_view what);
  std::uint64_t count(Wrong kind) const { return counts_[static_cast<std::size_t>(kind)]; }
  const Violations& all() const { return all_; }

 private:
  std::array<std::uint64_t, kWrongs> counts_{};
  Violations all_;
};

// A set of small numbers: a bit each.
class NumberSet {
 public:
  // False where it was there already.
  bool add(std::uint64_t number);
  bool has(std::uint64_t number) const { return number < bits_.size() && bits_[number]; }
  void clear() { bits_.assign(bits_.size(), false); }

 private:
  std::vector<bool> bits_;
};

// Where each message stands, from whatever source: answers, frames, history. All must agree for ever.
class Places {
 public:
  Places(std::string conversation, Findings& findings) : name_(std::move(conversation)), findings_(findings) {}

  void put(std::uint64_t number, std::uint64_t seq);
  std::uint64_t seq_of(std::uint64_t number) const { return number < seqs_.size() ? seqs_[number] : 0; }
  std::uint64_t number_at(std::uint64_t seq) const { return seq < numbers_.size() ? numbers_[seq] : 0; }
  // The highest seq that anybody was told.
  std::uint64_t highest() const { return numbers_.empty() ? 0 : numbers_.size() - 1; }
  const std::string& name() const { return name_; }

 private:
  std::string name_;
  Findings& findings_;
  std::vector<std::uint32_t> seqs_;     // by number; 0: not known
  std::vector<std::uint32_t> numbers_;  // by seq; 0: not known
};

// The sender's side.
class SenderRules {
 public:
  SenderRules(Places& places, Findings& findings) : places_(places), findings_(findings) {}

  struct Answer {
    std::uint64_t number = 0;
    std::uint64_t seq = 0;  // 0: it was accepted, and its place is not known yet
    bool duplicate = false;
    unsigned tries = 1;       // sends of it so far
    bool first_here = false;  // it was sent for the first time by the socket that brought the answer
    bool refused = false;     // a try was answered 429 or 503, and may have taken effect later or not
  };

  // A connection is ready. Numbers from `next_number` on are sent for the first time by it.
  void session_began(std::uint64_t next_number);
  void answered(const Answer& answer);
  // A `message` frame with a message of its own: one whose answer it did not get, or did not acknowledge.
  void got(std::uint64_t number, std::uint64_t seq);
  // Closes the books on the session's order: what one socket sent took its seqs in the order sent.
  void session_ended(std::uint64_t next_number);

  bool was_answered(std::uint64_t number) const { return answered_.has(number); }
  std::uint64_t answered_count() const { return answered_count_; }
  // The seq up to which this device has everything.
  std::uint64_t has_up_to() const { return has_up_to_; }

 private:
  void take_over(std::uint64_t seq);

  Places& places_;
  Findings& findings_;
  NumberSet answered_;
  std::uint64_t answered_count_ = 0;
  NumberSet ordered_;  // numbers whose first try was answered by the socket that made it
  NumberSet here_;     // seqs that this session was sent
  NumberSet has_;      // seqs, of any session
  std::uint64_t has_up_to_ = 0;
  std::uint64_t last_frame_ = 0;  // of this session
  std::uint64_t session_first_ = 1;
};

// The statuses of the recipient that the sender is told.
class StatusRules {
 public:
  StatusRules(const std::string& conversation, Findings& findings) : name_(conversation), findings_(findings) {}

  void session_began();
  // `said`: the most that the recipient has acknowledged so far.
  void told(std::string_view status, std::uint64_t seq, std::uint64_t said);
  // The receipts that were read over REST after everything that was told so far.
  void read(std::uint64_t delivered, std::uint64_t read_up_to);
  // DELIVERED up to here is certain.
  std::uint64_t confirmed() const { return delivered_; }

 private:
  const std::string& name_;
  Findings& findings_;
  NumberSet told_delivered_;  // in this session
  NumberSet told_read_;
  std::uint64_t delivered_ = 0;
  std::uint64_t read_ = 0;
};

// The recipient's side: one device over all its sessions. Pending until acknowledged, then never again; nothing left
// out.
class RecipientRules {
 public:
  RecipientRules(Places& places, Findings& findings) : places_(places), findings_(findings) {}

  // Before a connection is asked for. `confirmed`: see StatusRules.
  void session_asked_for(std::uint64_t confirmed);
  void got(std::uint64_t number, std::uint64_t seq);
  // It says that it has everything up to there.
  void says(std::uint64_t up_to) { said_ = std::max(said_, up_to); }

  std::uint64_t has_up_to() const { return has_up_to_; }
  std::uint64_t said() const { return said_; }

 private:
  Places& places_;
  Findings& findings_;
  std::uint64_t confirmed_ = 0;  // as of the session's beginning
  std::uint64_t last_ = 0;       // of this session
  bool first_ = true;            // nothing came in this session yet
  std::uint64_t said_ = 0;
  std::uint64_t has_up_to_ = 0;
};

// The history, read from its first page to its last.
class HistoryRules {
 public:
  HistoryRules(Places& places, Findings& findings) : places_(places), findings_(findings) {}

  void item(std::uint64_t number, std::uint64_t seq);
  // All pages were read, of a conversation in which `sent` messages were sent.
  void ended(const SenderRules& sender, std::uint64_t sent);
  std::uint64_t last() const { return last_; }

 private:
  Places& places_;
  Findings& findings_;
  NumberSet numbers_;
  std::uint64_t last_ = 0;
};

}  // namespace c4a::bench
