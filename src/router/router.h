#pragma once

// The loop around the pure core: takes commands from the log in batches, decides them, makes all effects durable in one
// commit, and only then answers and tells whoever is online. One thread runs it; it owns its conversations.

#include <atomic>
#include <cstdint>
#include <limits>
#include <list>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "message_log/log_partition.h"
#include "message_store/message_store.h"
#include "presence/live_bus.h"
#include "router/decide.h"
#include "router/read_ahead.h"
#include "router/state_cache.h"

namespace c4a {

struct RouterOptions {
  RouterRules rules;
  std::size_t batch_commands = 4096;  // decided and committed together at most
  // States kept in memory; the longest unused go first.
  std::size_t cached_conversations = std::numeric_limits<std::size_t>::max();
  std::size_t cached_bytes = std::size_t{512} << 20;
  // The log outlives the router, may be read again from an earlier position, and a former owner may not know yet that
  // it is one. Each conversation then keeps the position up to which commands are in it, and earlier ones are passed
  // over. Asks of the store: a conversation's rows of one commit are stored all or nothing, the row of the later
  // position stays, and commit tries until it succeeds. Without it a command is in the log only once.
  bool shared_log = false;
  std::size_t recent_headers = kRecentHeaders;  // kept in memory of each conversation: repeats among them cost no read
  // How long to wait before what failed is tried again, doubled each time up to kMaxRetryMs; with shared_log only.
  std::int64_t first_retry_ms = 20;
};

inline constexpr std::int64_t kMaxRetryMs = 1000;

// What the router has done since it started. Any thread may read.
struct RouterCounters {
  std::atomic<std::uint64_t> commands{0};
  std::atomic<std::uint64_t> messages{0};
  std::atomic<std::uint64_t> duplicates{0};
  std::atomic<std::uint64_t> batches{0};
  std::atomic<std::uint64_t> failed_commits{0};
  std::atomic<std::uint64_t> retries{0};    // of reads and commits, with a shared log
  std::atomic<std::uint64_t> set_aside{0};  // commands that cannot be decided
  std::atomic<std::uint64_t> state_loads{0};
  std::atomic<std::uint64_t> commit_us{0};
};

class Router {
 public:
  // `counters`: shared by several routers; its own where null.
  Router(LogPartition& log, MessageStore& store, LiveBus& bus, const Clock& clock, RouterOptions options,
         RouterCounters* counters = nullptr);

  // Until the log stops or the partition is given up. The calling thread becomes the owner of every conversation.
  void run();
  // One batch, for tests that step. False once the log has stopped and is empty, or the partition was given up.
  bool run_once();

  const RouterCounters& counters() const { return counters_; }

 private:
  struct Answer {
    Completion done;
    Result<Decision> decision;
    std::size_t events_until;  // of effects_.events: those go out before this answer
  };

  void take(LoggedCommand logged);
  // As decide_one; with a shared log it tries until the store answers, because no command may be skipped.
  std::optional<Result<Decision>> decide_surely(LoggedCommand& logged);
  // Nothing: a former owner has decided it, and it is answered.
  std::optional<Result<Decision>> decide_one(LoggedCommand& logged);
  // The conversation's entry, from memory or from the store.
  Result<StateCache::Entry*> entry_of(const ConversationId& id);
  Result<> gather(const FactsNeeded& needed, const Command& command, Facts& facts);
  // Another owner is further on, so what was just read may come from later than this command.
  Result<bool> overtaken(const StateCache::Entry& entry, const ConversationId& id);
  // Makes what was decided durable, then answers it. After it, nothing is open.
  void commit();
  Result<> store_effects();
  // Before another try: false once the partition is given up, and what was not committed is the next owner's.
  bool wait_for_retry(int attempt);
  void abandon();
  void refuse_all(const Error& error);
  void answer_all();
  void publish(Event& event);

  LogPartition& log_;
  MessageStore& store_;
  LiveBus& bus_;
  const Clock& clock_;
  const RouterOptions options_;
  RouterCounters own_counters_;
  RouterCounters& counters_;
  StateCache states_;
  ReadAhead read_ahead_;  // with a shared log
  // Decided and not yet durable.
  Effects effects_;
  std::vector<Answer> answers_;
  LogPosition position_;
  bool abandoned_ = false;
  TimestampMs now_ = 0;  // grows with seq, even when the clock is set back
  std::vector<LoggedCommand> batch_;
};

}  // namespace c4a
