#include "bench/checks.h"

#include <algorithm>
#include <utility>

namespace c4a::bench {
namespace {

constexpr std::size_t kKeptSentences = 20;

}  // namespace

void Violations::add(std::string sentence) {
  ++count_;
  if (first_.size() < kKeptSentences) first_.push_back(std::move(sentence));
}

void Violations::merge(const Violations& other) {
  count_ += other.count_;
  for (const auto& sentence : other.first_) {
    if (first_.size() < kKeptSentences) first_.push_back(sentence);
  }
}

std::uint64_t FlightWindow::push(std::int64_t due_us) {
  if (in_flight() == slots_.size()) grow();
  slot(next_) = Slot{.due_us = due_us};
  return next_++;
}

FlightWindow::Sighting FlightWindow::acknowledged(std::uint64_t number, std::uint64_t seq) {
  return mark(number, seq, &Slot::acked);
}

FlightWindow::Sighting FlightWindow::delivered(std::uint64_t number, std::uint64_t seq) {
  return mark(number, seq, &Slot::delivered);
}

FlightWindow::Sighting FlightWindow::mark(std::uint64_t number, std::uint64_t seq, bool Slot::* flag) {
  if (number == 0 || number >= next_) return {Seen::kUnknown};
  if (number < first_) return {Seen::kAgain};
  Slot& found = slot(number);
  if (found.*flag) return {Seen::kAgain, found.due_us};
  found.*flag = true;
  const bool fits = found.seq == 0 || seq == 0 || found.seq == seq;
  const Sighting sighting{fits ? Seen::kOnce : Seen::kOtherSeq, found.due_us};
  if (seq != 0) found.seq = seq;
  while (first_ < next_ && slot(first_).acked && (slot(first_).delivered || !expects_delivery_)) ++first_;
  return sighting;
}

std::uint64_t FlightWindow::missing_acks() const {
  std::uint64_t missing = 0;
  for (auto number = first_; number < next_; ++number) missing += slot(number).acked ? 0 : 1;
  return missing;
}

std::uint64_t FlightWindow::missing_deliveries() const {
  if (!expects_delivery_) return 0;
  std::uint64_t missing = 0;
  for (auto number = first_; number < next_; ++number) missing += slot(number).delivered ? 0 : 1;
  return missing;
}

void FlightWindow::grow() {
  std::vector<Slot> larger(slots_.size() * 2);
  for (auto number = first_; number < next_; ++number) larger[number & (larger.size() - 1)] = slot(number);
  slots_ = std::move(larger);
}

DeliveryOrder::Verdict DeliveryOrder::see(std::uint64_t seq) {
  if (seq <= last_) return Verdict::kRepeated;
  const bool next = seq == last_ + 1;
  last_ = seq;
  return next ? Verdict::kNext : Verdict::kHole;
}

bool SeqSet::add(std::uint64_t seq) {
  if (seq >= seen_.size()) seen_.resize(std::max<std::size_t>(seq + 1, seen_.size() * 2));
  if (seen_[seq]) return false;
  seen_[seq] = true;
  return true;
}

std::uint64_t SeqSet::missing_up_to(std::uint64_t last) const {
  std::uint64_t missing = 0;
  for (std::uint64_t seq = 1; seq <= last; ++seq) missing += seq < seen_.size() && seen_[seq] ? 0 : 1;
  return missing;
}

StatusHorizon::Verdict StatusHorizon::report(std::string_view status, std::uint64_t seq,
                                             std::uint64_t acknowledged_up_to) {
  const bool read = status == "READ";
  if (!read && status != "DELIVERED") return Verdict::kUnknownStatus;
  if (seq > acknowledged_up_to) return Verdict::kUnfounded;
  auto& horizon = read ? read_ : delivered_;
  if (seq <= horizon) return Verdict::kBack;
  horizon = seq;
  if (read) delivered_ = std::max(delivered_, read_);
  return Verdict::kForward;
}

}  // namespace c4a::bench
