#pragma once

// The rules by which the generator judges a server: nothing lost, nothing twice, everything in order, no status back.
// Plain classes without I/O; one thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace c4a::bench {

// What was found wrong: all counted, the first ones kept as sentences.
class Violations {
 public:
  void add(std::string sentence);
  void merge(const Violations& other);
  std::uint64_t count() const { return count_; }
  const std::vector<std::string>& first() const { return first_; }

 private:
  std::uint64_t count_ = 0;
  std::vector<std::string> first_;
};

// The messages that one sender has under way in one conversation. They are numbered 1, 2, 3… in the order sent. A
// message is settled once it was acknowledged and, where that is expected, seen by its recipient, both with one `seq`.
class FlightWindow {
 public:
  enum class Seen : std::uint8_t { kOnce, kAgain, kUnknown, kOtherSeq };
  struct Sighting {
    Seen what;
    std::int64_t due_us = 0;  // of the message, for kOnce and kOtherSeq
  };

  explicit FlightWindow(bool expects_delivery) : expects_delivery_(expects_delivery) {}

  // A message was sent that was due at `due_us`. Its number.
  std::uint64_t push(std::int64_t due_us);
  // The server's answer for it, with the place it took; 0: it was accepted and its place is not known yet.
  Sighting acknowledged(std::uint64_t number, std::uint64_t seq);
  // Its recipient got it.
  Sighting delivered(std::uint64_t number, std::uint64_t seq);

  std::uint64_t sent() const { return next_ - 1; }
  // Messages not settled.
  std::size_t in_flight() const { return static_cast<std::size_t>(next_ - first_); }
  std::uint64_t missing_acks() const;
  std::uint64_t missing_deliveries() const;

 private:
  struct Slot {
    std::int64_t due_us = 0;
    std::uint64_t seq = 0;  // 0: not told yet
    bool acked = false;
    bool delivered = false;
  };

  Slot& slot(std::uint64_t number) { return slots_[number & (slots_.size() - 1)]; }
  const Slot& slot(std::uint64_t number) const { return slots_[number & (slots_.size() - 1)]; }
  Sighting mark(std::uint64_t number, std::uint64_t seq, bool Slot::* flag);
  void grow();

  bool expects_delivery_;
  std::vector<Slot> slots_ = std::vector<Slot>(16);  // a ring; its size is a power of two
  std::uint64_t first_ = 1;                          // the oldest number that is not settled
  std::uint64_t next_ = 1;
};

// The `seq` in which one device sees one conversation: each the successor of the one before.
class DeliveryOrder {
 public:
  enum class Verdict : std::uint8_t { kNext, kRepeated, kHole };
  explicit DeliveryOrder(std::uint64_t last = 0) : last_(last) {}
  // A hole is taken as seen, so that one loss is reported once.
  Verdict see(std::uint64_t seq);
  std::uint64_t last() const { return last_; }

 private:
  std::uint64_t last_;
};

// The same for a device that also sends: its own messages come back as answers, in between.
class SeqSet {
 public:
  // False where it was there already.
  bool add(std::uint64_t seq);
  // How many of 1 … `last` are absent.
  std::uint64_t missing_up_to(std::uint64_t last) const;

 private:
  std::vector<bool> seen_;
};

// The statuses that a sender is told about one recipient of one conversation. DELIVERED and READ are horizons: every
// report moves one of them on, and READ counts as DELIVERED.
class StatusHorizon {
 public:
  enum class Verdict : std::uint8_t { kForward, kBack, kUnfounded, kUnknownStatus };
  // `acknowledged_up_to`: what the recipient has acknowledged so far; a report beyond it has no ground.
  Verdict report(std::string_view status, std::uint64_t seq, std::uint64_t acknowledged_up_to);
  std::uint64_t delivered_up_to() const { return delivered_; }

 private:
  std::uint64_t delivered_ = 0;
  std::uint64_t read_ = 0;
};

}  // namespace c4a::bench
