#include "bench/soak_rules.h"

#include <fmt/format.h>

#include <algorithm>

namespace c4a::bench {
namespace {

template <class T>
void put_at(std::vector<T>& values, std::uint64_t index, std::uint64_t value) {
  if (index >= values.size()) values.resize(index + 1);
  values[index] = static_cast<T>(value);
}

}  // namespace

std::string_view name_of(Wrong kind) {
  switch (kind) {
    case Wrong::kLost:
      return "lost";
    case Wrong::kTwice:
      return "twice";
    case Wrong::kOrder:
      return "order";
    case Wrong::kStatusBack:
      return "status_back";
    case Wrong::kChanged:
      return "changed";
    case Wrong::kUnexpected:
      return "unexpected";
  }
  return "unknown";
}

void Findings::add(Wrong kind, std::string_view what) {
  ++counts_[static_cast<std::size_t>(kind)];
  all_.add(fmt::format("{}: {}", name_of(kind), what));
}

bool NumberSet::add(std::uint64_t number) {
  if (number >= bits_.size()) bits_.resize(std::max<std::size_t>(number + 1, bits_.size() * 2));
  if (bits_[number]) return false;
  bits_[number] = true;
  return true;
}

void Places::put(std::uint64_t number, std::uint64_t seq) {
  const auto known = seq_of(number);
  if (known == 0) {
    put_at(seqs_, number, seq);
  } else if (known != seq) {
    findings_.add(Wrong::kTwice,
                  fmt::format("message {} of {} stood at seq {}, and now at {}", number, name_, known, seq));
  }
  const auto other = number_at(seq);
  if (other == 0) {
    put_at(numbers_, seq, number);
  } else if (other != number) {
    findings_.add(Wrong::kLost, fmt::format("seq {} of {} was message {}, and is now {}", seq, name_, other, number));
  }
}

void SenderRules::session_began(std::uint64_t next_number) {
  here_.clear();
  last_frame_ = 0;
  session_first_ = next_number;
}

void SenderRules::answered(const Answer& answer) {
  const auto& [number, seq, duplicate, tries, first_here, refused] = answer;
  const bool again = !answered_.add(number);
  if (!again) ++answered_count_;
  if (again && !duplicate) {
    findings_.add(Wrong::kTwice, fmt::format("message {} of {} was accepted as new twice, then with seq {}", number,
                                             places_.name(), seq));
  }
  if (duplicate && tries == 1) {
    findings_.add(Wrong::kTwice, fmt::format("message {} of {} was answered as a duplicate at its first try, seq {}",
                                             number, places_.name(), seq));
  }
  if (seq == 0) return;
  places_.put(number, seq);
  take_over(seq);
  if (duplicate) return;  // that is no delivery
  if (first_here && !refused) ordered_.add(number);
  if (!here_.add(seq)) {
    findings_.add(Wrong::kTwice,
                  fmt::format("a sender got seq {} of {} as a message and as the answer", seq, places_.name()));
  }
}

void SenderRules::got(std::uint64_t number, std::uint64_t seq) {
  places_.put(number, seq);
  if (!here_.add(seq)) {
    findings_.add(Wrong::kTwice, fmt::format("a sender got its seq {} of {} twice in a session", seq, places_.name()));
  } else if (seq < last_frame_) {
    findings_.add(Wrong::kOrder,
                  fmt::format("a sender got its seq {} of {} after seq {}", seq, places_.name(), last_frame_));
  }
  last_frame_ = std::max(last_frame_, seq);
  take_over(seq);
}

void SenderRules::take_over(std::uint64_t seq) {
  has_.add(seq);
  while (has_.has(has_up_to_ + 1)) ++has_up_to_;
}

void SenderRules::session_ended(std::uint64_t next_number) {
  std::uint64_t before = 0;
  for (auto number = session_first_; number < next_number; ++number) {
    if (!ordered_.has(number)) continue;
    const auto seq = places_.seq_of(number);
    if (before != 0 && seq < places_.seq_of(before)) {
      findings_.add(Wrong::kOrder,
                    fmt::format("message {} of {} was sent after {} by one socket, and got seq {} before {}", number,
                                places_.name(), before, seq, places_.seq_of(before)));
    }
    before = number;
  }
  session_first_ = next_number;
}

void StatusRules::session_began() {
  told_delivered_.clear();
  told_read_.clear();
}

void StatusRules::told(std::string_view status, std::uint64_t seq, std::uint64_t said) {
  const bool is_read = status == "READ";
  const auto wrong = [&](std::string_view why) {
    findings_.add(Wrong::kStatusBack, fmt::format("{} was told for seq {} of {} {}", status, seq, name_, why));
  };
  if (!is_read && status != "DELIVERED") {
    findings_.add(Wrong::kUnexpected, fmt::format("status {} for seq {} of {}", status, seq, name_));
    return;
  }
  if (seq > said) wrong(fmt::format("when its recipient had acknowledged {}", said));
  // A lower one that comes late says nothing new, and takes nothing back: a client keeps the highest.
  if (!is_read && told_read_.has(seq)) wrong("after READ");
  if (!(is_read ? told_read_ : told_delivered_).add(seq)) wrong("twice in a session");
  delivered_ = std::max(delivered_, seq);
  if (is_read) read_ = std::max(read_, seq);
}

void StatusRules::read(std::uint64_t delivered, std::uint64_t read_up_to) {
  if (delivered >= delivered_ && read_up_to >= read_) return;
  findings_.add(Wrong::kStatusBack,
                fmt::format("{} was told to be delivered up to {} and read up to {}, and is {} and {}", name_,
                            delivered_, read_, delivered, read_up_to));
}

void RecipientRules::session_asked_for(std::uint64_t confirmed) {
  confirmed_ = confirmed;
  first_ = true;
}

void RecipientRules::got(std::uint64_t number, std::uint64_t seq) {
  places_.put(number, seq);
  const auto wrong = [&](Wrong kind, std::string_view why) {
    findings_.add(kind, fmt::format("a recipient got seq {} of {} {}", seq, places_.name(), why));
  };
  if (first_ && seq <= confirmed_) {
    wrong(Wrong::kTwice, fmt::format("after its acknowledgement up to {} was confirmed", confirmed_));
  } else if (first_ && seq > said_ + 1) {
    wrong(Wrong::kLost, fmt::format("first in a session, when it had acknowledged {}", said_));
  } else if (!first_ && seq == last_) {
    wrong(Wrong::kTwice, "twice in a session");
  } else if (!first_ && seq < last_) {
    wrong(Wrong::kOrder, fmt::format("after seq {}", last_));
  } else if (!first_ && seq > last_ + 1) {
    wrong(Wrong::kLost, fmt::format("right after seq {}", last_));
  }
  last_ = first_ ? seq : std::max(last_, seq);  // a hole is taken as seen, so that one loss is reported once
  first_ = false;
  has_up_to_ = std::max(has_up_to_, seq);
}

void HistoryRules::item(std::uint64_t number, std::uint64_t seq) {
  places_.put(number, seq);
  if (seq != last_ + 1) {
    findings_.add(Wrong::kOrder,
                  fmt::format("the history of {} has seq {} right after {}", places_.name(), seq, last_));
  }
  last_ = std::max(last_, seq);
  if (!numbers_.add(number)) {
    findings_.add(Wrong::kTwice, fmt::format("message {} is in the history of {} twice", number, places_.name()));
  }
}

void HistoryRules::ended(const SenderRules& sender, std::uint64_t sent) {
  if (places_.highest() > last_) {
    findings_.add(Wrong::kLost, fmt::format("the history of {} ends at seq {}, and {} was told", places_.name(), last_,
                                            places_.highest()));
  }
  for (std::uint64_t number = 1; number <= sent; ++number) {
    if (!sender.was_answered(number) || numbers_.has(number)) continue;
    findings_.add(Wrong::kLost, fmt::format("message {} was accepted for {}, seq {}, and is not in the history", number,
                                            places_.name(), places_.seq_of(number)));
  }
}

}  // namespace c4a::bench
