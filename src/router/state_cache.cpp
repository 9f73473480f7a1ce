#include "router/state_cache.h"

#include <utility>

namespace c4a {
namespace {

constexpr std::size_t kEntryBytes = 160;   // the nodes of the table and of the list
constexpr std::size_t kIndexedBytes = 96;  // a member's node in the index, which large groups have
constexpr std::size_t kInlineText = 15;    // as long a text needs no memory of its own

std::size_t heap_of(const UserId& user) { return user.text.capacity() > kInlineText ? user.text.capacity() + 1 : 0; }

}  // namespace

// Of members the first stands for all: a large group is counted after each of its messages.
std::size_t bytes_of(const ConversationState& state) {
  std::size_t bytes = kEntryBytes + sizeof(state) + state.head.metadata.capacity() + heap_of(state.head.created_by);
  bytes += state.recent.capacity() * sizeof(MessageHeader);
  for (const MessageHeader& header : state.recent) {
    bytes += heap_of(header.from) + header.to.capacity() * sizeof(UserId);
  }
  if (state.members().empty()) return bytes;
  const MemberState& first = state.members().front();
  const std::size_t devices = first.progress.devices.capacity() * sizeof(DeviceCursor);
  const std::size_t each = sizeof(MemberState) + sizeof(UserId) + 2 * heap_of(first.member.user_id) + devices;
  return bytes + state.members().size() * (each + kIndexedBytes);
}

StateCache::Entry* StateCache::find(const ConversationId& id) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return nullptr;
  order_.splice(order_.begin(), order_, found->second.used);
  return &found->second;
}

StateCache::Entry& StateCache::insert(const ConversationId& id, std::unique_ptr<ConversationState> state) {
  forget(id);
  order_.push_front(id);
  const LogPosition stored = state ? state->head.applied : LogPosition{};
  Entry& entry = entries_.emplace(id, Entry{std::move(state), order_.begin(), false, stored}).first->second;
  count(entry);
  return entry;
}

void StateCache::mark_open(const ConversationId& id, Entry& entry) {
  if (std::exchange(entry.open, true)) return;
  open_.push_back(id);
}

void StateCache::close_all() {
  for (const auto& id : open_) {
    const auto found = entries_.find(id);
    if (found == entries_.end()) continue;
    Entry& entry = found->second;
    if (entry.state == nullptr) {  // a stranger's guess at an id: not worth a place
      remove(found);
      continue;
    }
    entry.open = false;
    entry.stored = entry.state->head.applied;
    entry.state->trim_recent(limits_.recent_headers);
    count(entry);
  }
  open_.clear();
  make_room();
}

void StateCache::forget(const ConversationId& id) {
  if (const auto found = entries_.find(id); found != entries_.end()) remove(found);
}

void StateCache::forget_open() {
  for (const auto& id : open_) forget(id);
  open_.clear();
}

void StateCache::make_room() {
  while (!order_.empty() && (entries_.size() > limits_.conversations || bytes_ > limits_.bytes)) {
    remove(entries_.find(order_.back()));
  }
}

void StateCache::count(Entry& entry) {
  bytes_ -= entry.bytes;
  entry.bytes = entry.state ? bytes_of(*entry.state) : kEntryBytes;
  bytes_ += entry.bytes;
}

void StateCache::remove(Entries::iterator found) {
  bytes_ -= found->second.bytes;
  order_.erase(found->second.used);
  entries_.erase(found);
}

}  // namespace c4a
