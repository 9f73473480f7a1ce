#pragma once

// When to try again, and after how long: plain rules, stepped by tests.

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "metadata_store/postgres/postgres_errors.h"

namespace c4a {

// Exponential with full jitter: anything from 0 to min(first · 2^attempt, longest). `random` is any number.
std::chrono::microseconds postgres_backoff(int attempt, std::chrono::microseconds first,
                                           std::chrono::microseconds longest, std::uint64_t random);
std::uint64_t postgres_random();

// The attempts of one call.
class PostgresRetries {
 public:
  static constexpr int kMaxConflicts = 64;  // of an edit that many others make at once; the deadline comes first
  static constexpr int kMaxReconnects = 3;

  // Whether to run the call again after `trouble`. `harmless`: nothing can have been stored if the connection was lost.
  bool again(PostgresTrouble trouble, bool harmless);
  // How long to wait before that.
  std::chrono::microseconds pause(std::uint64_t random) const;

 private:
  int conflicts_ = 0;
  int reconnects_ = 0;
  bool paused_ = false;
};

// Whether a new connection may be tried. After a failure nobody tries for a while, then one does; all others are told
// at once, so that a dead server costs its clients no time and, when it comes back, is not run over by them.
class PostgresConnectGate {
 public:
  static constexpr std::chrono::milliseconds kFirstPause{100};
  static constexpr std::chrono::milliseconds kLongestPause{5000};

  bool failing() const { return failures_ > 0; }
  // Takes the right to try; answer with succeeded() or failed().
  bool try_enter(PostgresDeadline now);
  void succeeded();
  void failed(PostgresDeadline now, std::uint64_t random);

 private:
  int failures_ = 0;
  bool probing_ = false;
  PostgresDeadline next_{};
};

}  // namespace c4a
