#include "router/router.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/planted_bug.h"
#include "domain/frames.h"

namespace c4a {
namespace {

std::shared_ptr<const std::string> shared(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

// How an event leaves: with its frame made, once for all who get it.
struct ToLive {
  LiveEvent operator()(MessageEvent& event) const {
    LiveEvent live;
    live.kind = LiveKind::kMessage;
    live.conversation = event.message.conversation_id;
    live.seq = event.message.seq;
    live.audience = std::move(event.audience);
    live.except = event.except;
    live.frame = shared(message_frame(event.message));
    return live;
  }
  LiveEvent operator()(ChangeEvent& event) const {
    LiveEvent live;
    live.kind = LiveKind::kChange;
    live.conversation = event.change.conversation_id;
    live.version = event.change.version;
    live.audience = std::move(event.audience);
    live.also = std::move(event.also);
    live.frame = shared(change_frame(event.change, event.message ? &*event.message : nullptr));
    return live;
  }
  LiveEvent operator()(StatusEvent& event) const {
    LiveEvent live;
    live.kind = LiveKind::kStatus;
    live.conversation = event.conversation_id;
    live.seq = event.seq;
    live.position = event.position;
    live.receipt = event.receipt;
    live.frame = shared(status_frame(event));
    live.also = std::move(event.recipient);
    return live;
  }
  LiveEvent operator()(TypingEvent& event) const {
    LiveEvent live;
    live.kind = LiveKind::kTyping;
    live.conversation = event.conversation_id;
    live.audience = std::move(event.audience);
    live.frame = shared(typing_frame(event));
    live.not_to = std::move(event.user_id);
    return live;
  }
};

}  // namespace

Router::Router(LogPartition& log, MessageStore& store, LiveBus& bus, const Clock& clock, RouterOptions options,
               RouterCounters* counters)
    : log_(log),
      store_(store),
      bus_(bus),
      clock_(clock),
      options_(options),
      counters_(counters != nullptr ? *counters : own_counters_),
      states_({options.cached_conversations, options.cached_bytes, options.recent_headers}),
      read_ahead_(log, store, states_, options.recent_headers) {}

void Router::run() {
  while (run_once()) {
  }
}

bool Router::run_once() {
  batch_.clear();
  if (!log_.next_batch(batch_, options_.batch_commands)) return false;
  if (options_.shared_log) {
    counters_.state_loads.fetch_add(read_ahead_.begin(batch_, options_.rules), std::memory_order_relaxed);
  }
  for (auto& logged : batch_) {
    take(std::move(logged));
    if (abandoned_) return false;
  }
  commit();
  return !abandoned_;
}

void Router::take(LoggedCommand logged) {
  counters_.commands.fetch_add(1, std::memory_order_relaxed);
  auto decision = decide_surely(logged);
  if (abandoned_) return;
  position_ = logged.position;
  if (!decision) return;
  if (*decision && (*decision)->duplicate) counters_.duplicates.fetch_add(1, std::memory_order_relaxed);
  answers_.push_back({std::move(logged.done), std::move(*decision), effects_.events.size()});
}

std::optional<Result<Decision>> Router::decide_surely(LoggedCommand& logged) {
  for (int attempt = 0;; ++attempt) {
    auto decision = decide_one(logged);
    if (!options_.shared_log || abandoned_ || !decision || *decision) return decision;
    const Error& error = decision->error();
    if (error.code == ErrorCode::kCorrupt) {
      counters_.set_aside.fetch_add(1, std::memory_order_relaxed);
      log_.set_aside(logged, error);
    }
    if (error.code != ErrorCode::kUnavailable) return decision;
    if (!wait_for_retry(attempt)) return std::nullopt;
  }
}

bool Router::wait_for_retry(int attempt) {
  counters_.retries.fetch_add(1, std::memory_order_relaxed);
  constexpr std::int64_t kStepMs = 20;  // a partition that is wanted elsewhere does not wait for long
  const std::int64_t wait_ms = std::min(options_.first_retry_ms << std::min(attempt, 10), kMaxRetryMs);
  for (std::int64_t waited_ms = 0; waited_ms < wait_ms && !log_.given_up(); waited_ms += kStepMs) {
    std::this_thread::sleep_for(std::chrono::milliseconds(std::min(kStepMs, wait_ms - waited_ms)));
  }
  if (!log_.given_up()) return true;
  abandon();
  return false;
}

void Router::abandon() {
  abandoned_ = true;
  states_.forget_open();
  effects_.clear();
  answers_.clear();
}

std::optional<Result<Decision>> Router::decide_one(LoggedCommand& logged) {
  const ConversationId id = logged.command.conversation_id;
  StateCache::Entry* entry = nullptr;
  Facts facts;
  for (;;) {
    facts = {};
    C4A_TRY(entry, entry_of(id));
    if (entry->state && logged.position <= entry->state->head.applied && !planted(PlantedBug::kReplayDecidedAgain)) {
      return std::nullopt;
    }
    FactsNeeded needed = facts_needed(entry->state.get(), logged.command, options_.rules);
    if (entry->state) read_ahead_.answer(*entry->state, needed, facts);
    if (needed.target && entry->open && !planted(PlantedBug::kEditReadsOldRow)) {
      // An earlier command of this batch may have changed the message, or the reaction: the store must know it first.
      commit();
      if (abandoned_) return std::nullopt;
      continue;
    }
    if (!needed.reads()) break;
    C4A_CHECK(gather(needed, logged.command, facts));
    C4A_TRY(const bool too_late, overtaken(*entry, id));
    if (!too_late) break;
    // What was decided so far is right, and the other owner has it too.
    commit();
    if (abandoned_) return std::nullopt;
    states_.forget(id);
  }
  states_.mark_open(id, *entry);
  const std::size_t messages_before = effects_.rows.messages.size();
  now_ = std::max(now_, clock_.now_ms());
  const DecisionContext context{now_, logged.position, options_.rules};
  auto decision = decide(entry->state, logged.command, facts, context, effects_);
  if (options_.shared_log && entry->state) entry->state->head.applied = logged.position;
  counters_.messages.fetch_add(effects_.rows.messages.size() - messages_before, std::memory_order_relaxed);
  return decision;
}

Result<StateCache::Entry*> Router::entry_of(const ConversationId& id) {
  if (StateCache::Entry* entry = states_.find(id)) return entry;
  counters_.state_loads.fetch_add(1, std::memory_order_relaxed);
  // With a shared log most sends have an id of their client's: the newest ones spare a read for each.
  const std::size_t recent = options_.shared_log ? options_.recent_headers : 0;
  C4A_TRY(auto loaded, store_.load_all({&id, 1}, recent));
  auto& state = loaded.front();
  return &states_.insert(id, state ? std::make_unique<ConversationState>(std::move(*state)) : nullptr);
}

Result<> Router::gather(const FactsNeeded& needed, const Command& command, Facts& facts) {
  const ConversationId& id = command.conversation_id;
  if (needed.target) {
    C4A_TRY(facts.target, store_.message(id, *needed.target));
    if (needed.reaction && facts.target) {
      C4A_TRY(facts.reaction_present,
              store_.has_reaction(id, facts.target->seq, needed.reaction->emoji, command.actor));
    }
  }
  if (needed.repeat) {
    C4A_TRY(const auto first, store_.message(id, *needed.repeat));
    if (first) facts.repeat = header_of(*first);
  }
  if (needed.reply_to) {
    C4A_TRY(const auto replied, store_.message(id, *needed.reply_to));
    facts.reply_to_present = replied.has_value();
  }
  if (needed.covered) {
    C4A_TRY(facts.covered, store_.headers(id, needed.covered->after, needed.covered->until, kCoveredHeaders));
  }
  return {};
}

Result<bool> Router::overtaken(const StateCache::Entry& entry, const ConversationId& id) {
  if (!options_.shared_log || entry.state == nullptr || planted(PlantedBug::kFormerOwnerTrusted)) return false;
  C4A_TRY(const auto head, store_.conversation(id));
  return head && head->applied > entry.stored;
}

void Router::commit() {
  states_.for_each_open([this](ConversationState& state) {
    take_progress_rows(state, effects_.rows);
    if (options_.shared_log) effects_.rows.conversations.push_back(state.head);
  });
  if (!effects_.rows.empty()) {
    if (planted(PlantedBug::kAnswerBeforeCommit)) {
      for (auto& answer : answers_) answer.done(answer.decision);
      answers_.clear();
    }
    if (planted(PlantedBug::kOffsetCommittedFirst)) log_.committed(position_);
    if (const auto stored = store_effects(); !stored) {
      if (!abandoned_) refuse_all(stored.error());
      return;
    }
  }
  states_.close_all();
  log_.committed(position_);
  answer_all();
}

Result<> Router::store_effects() {
  for (int attempt = 0;; ++attempt) {
    const std::int64_t begun = clock_.monotonic_us();
    auto stored = store_.commit(effects_.rows, position_);
    if (stored) {
      counters_.commit_us.fetch_add(static_cast<std::uint64_t>(clock_.monotonic_us() - begun),
                                    std::memory_order_relaxed);
      counters_.batches.fetch_add(1, std::memory_order_relaxed);
      return stored;
    }
    counters_.failed_commits.fetch_add(1, std::memory_order_relaxed);
    if (!options_.shared_log || !wait_for_retry(attempt)) return stored;
  }
}

// Nothing of what was decided happened.
void Router::refuse_all(const Error& error) {
  if (planted(PlantedBug::kStateKeptAfterFailedCommit))
    states_.close_all();
  else
    states_.forget_open();
  effects_.clear();
  for (auto& answer : answers_) answer.done(std::unexpected(error));
  answers_.clear();
  log_.committed(position_);
}

// Every session hears of things in the order decided: the events of a command, then its answer.
void Router::answer_all() {
  std::size_t published = 0;
  for (auto& answer : answers_) {
    for (; published < answer.events_until; ++published) publish(effects_.events[published]);
    answer.done(std::move(answer.decision));
  }
  answers_.clear();
  effects_.clear();
  bus_.flush();
}

void Router::publish(Event& event) { bus_.publish(std::visit(ToLive{}, event)); }

}  // namespace c4a
