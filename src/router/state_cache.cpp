#include "router/state_cache.h"

namespace c4a {

StateCache::Entry* StateCache::find(const ConversationId& id) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return nullptr;
  order_.splice(order_.begin(), order_, found->second.used);
  return &found->second;
}

StateCache::Entry& StateCache::insert(const ConversationId& id, std::unique_ptr<ConversationState> state) {
  order_.push_front(id);
  const LogPosition stored = state ? state->head.applied : LogPosition{};
  return entries_.insert_or_assign(id, Entry{std::move(state), order_.begin(), false, stored}).first->second;
}

void StateCache::mark_open(const ConversationId& id, Entry& entry) {
  if (std::exchange(entry.open, true)) return;
  open_.push_back(id);
}

void StateCache::close_all() {
  for (const auto& id : open_) {
    const auto found = entries_.find(id);
    if (found == entries_.end()) continue;
    if (found->second.state == nullptr) {  // a stranger's guess at an id: not worth a place
      order_.erase(found->second.used);
      entries_.erase(found);
      continue;
    }
    found->second.open = false;
    found->second.stored = found->second.state->head.applied;
    found->second.state->trim_recent(recent_headers_);
  }
  open_.clear();
  make_room();
}

void StateCache::forget(const ConversationId& id) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  order_.erase(found->second.used);
  entries_.erase(found);
}

void StateCache::forget_open() {
  for (const auto& id : open_) forget(id);
  open_.clear();
}

void StateCache::make_room() {
  while (entries_.size() > most_) {
    entries_.erase(order_.back());
    order_.pop_back();
  }
}

}  // namespace c4a
