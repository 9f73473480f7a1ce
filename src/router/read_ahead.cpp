#include "router/read_ahead.h"

#include <algorithm>
#include <unordered_set>

#include "base/planted_bug.h"

namespace c4a {
namespace {

// Loaded together; then it is seen whether the partition is still ours.
constexpr std::size_t kLoadedTogether = 64;

}  // namespace

std::size_t ReadAhead::begin(std::span<const LoggedCommand> batch, const RouterRules& rules) {
  known_.clear();
  const std::size_t loaded = load_states(batch);
  read_messages(batch, rules);
  if (!known_.empty()) drop_overtaken();
  return loaded;
}

std::size_t ReadAhead::load_states(std::span<const LoggedCommand> batch) {
  std::unordered_set<ConversationId> seen;
  std::vector<ConversationId> missing;
  for (const auto& logged : batch) {
    const ConversationId& id = logged.command.conversation_id;
    if (states_.find(id) == nullptr && seen.insert(id).second) missing.push_back(id);
  }
  if (missing.size() < 2) return 0;  // one is read in its turn
  std::size_t count = 0;
  for (std::span<const ConversationId> rest(missing); !rest.empty() && !log_.given_up();) {
    const auto some = rest.first(std::min(rest.size(), kLoadedTogether));
    rest = rest.subspan(some.size());
    auto loaded = store_.load_all(some, recent_);
    if (!loaded) break;
    count += some.size();
    for (std::size_t i = 0; i < some.size(); ++i) {
      auto& state = (*loaded)[i];
      if (state) states_.insert(some[i], std::make_unique<ConversationState>(std::move(*state)));
    }
  }
  return count;
}

void ReadAhead::read_messages(std::span<const LoggedCommand> batch, const RouterRules& rules) {
  std::vector<MessageSought> sought;
  for (const auto& logged : batch) {
    const ConversationId& id = logged.command.conversation_id;
    const StateCache::Entry* entry = states_.find(id);
    if (entry == nullptr || !entry->state || logged.position <= entry->state->head.applied) continue;
    const FactsNeeded needed = facts_needed(entry->state.get(), logged.command, rules);
    for (const auto& message_id : {needed.repeat, needed.reply_to}) {
      if (!message_id) continue;
      Known& known = known_[id];
      known.until = entry->state->head.last_seq;
      if (known.messages.try_emplace(*message_id).second) sought.push_back({id, *message_id});
    }
  }
  if (sought.empty()) return;
  const auto found = store_.messages_sought(sought);
  if (!found) return known_.clear();
  for (std::size_t i = 0; i < sought.size(); ++i) {
    const auto& message = (*found)[i];
    if (message) known_[sought[i].id].messages[sought[i].message_id] = header_of(*message);
  }
}

void ReadAhead::drop_overtaken() {
  if (planted(PlantedBug::kFormerOwnerTrusted)) return;
  std::vector<ConversationId> ids;
  for (const auto& [id, known] : known_) ids.push_back(id);
  const auto heads = store_.conversations(ids);
  if (!heads) return known_.clear();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto& head = (*heads)[i];
    if (head && head->applied > states_.find(ids[i])->stored) known_.erase(ids[i]);
  }
}

void ReadAhead::answer(const ConversationState& state, FactsNeeded& needed, Facts& facts) const {
  if (!needed.repeat && !needed.reply_to) return;
  const auto known = known_.find(state.head.id);
  if (known == known_.end()) return;
  const auto& [until, messages] = known->second;
  const bool rest_is_recent =
      state.head.last_seq <= until || (!state.recent.empty() && state.recent.front().seq <= until.next());
  if (!rest_is_recent) return;
  if (needed.repeat) {
    if (const auto found = messages.find(*needed.repeat); found != messages.end()) {
      facts.repeat = found->second;
      needed.repeat.reset();
    }
  }
  if (needed.reply_to) {
    if (const auto found = messages.find(*needed.reply_to); found != messages.end()) {
      facts.reply_to_present = found->second.has_value();
      needed.reply_to.reset();
    }
  }
}

}  // namespace c4a
