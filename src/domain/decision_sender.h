#pragma once

// The way of a decision from the router to the gateway that appended the command, where they are different processes.

#include <cstdint>

#include "base/result.h"
#include "domain/effects.h"

namespace c4a {

// Stands in the log beside the command.
struct ReplyAddress {
  std::uint64_t gateway = 0;  // of this run of the process: a restarted one is another. 0: nobody waits
  std::uint64_t request = 0;
  auto operator<=>(const ReplyAddress&) const = default;
};

class DecisionSender {
 public:
  virtual ~DecisionSender() = default;
  // Router thread; never blocks. May be lost: the gateway then answers what the log alone guarantees.
  virtual void answer(const ReplyAddress& to, const Result<Decision>& decision) = 0;
};

}  // namespace c4a
