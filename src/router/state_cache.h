#pragma once

// The conversations that the router has in memory. Those touched since the last commit stay; of the others the longest
// unused go when there are too many.

#include <list>
#include <memory>
#include <unordered_map>
#include <vector>

#include "domain/conversation.h"

namespace c4a {

class StateCache {
 public:
  // `recent_headers`: how many a conversation keeps between batches.
  StateCache(std::size_t most, std::size_t recent_headers) : most_(most), recent_headers_(recent_headers) {}

  struct Entry {
    std::unique_ptr<ConversationState> state;  // null: there is no such conversation, or it is being created
    std::list<ConversationId>::iterator used;
    bool open = false;     // has effects that are not committed
    LogPosition stored{};  // `head.applied` when it was loaded or committed
  };

  // Null when it is not in memory.
  Entry* find(const ConversationId& id);
  Entry& insert(const ConversationId& id, std::unique_ptr<ConversationState> state);
  // The entry has effects from now until `close_all`.
  void mark_open(const ConversationId& id, Entry& entry);
  // After the commit: calls `visit` for each open state, then closes them and makes room.
  template <class Visit>
  void for_each_open(Visit visit) {
    for (const auto& id : open_) {
      if (const auto found = entries_.find(id); found != entries_.end() && found->second.state) {
        visit(*found->second.state);
      }
    }
  }
  void close_all();
  // It is read from the store again when it is next needed. Not while it is open.
  void forget(const ConversationId& id);
  // After a failed commit: what the open ones hold did not happen.
  void forget_open();
  std::size_t size() const { return entries_.size(); }

 private:
  void make_room();

  const std::size_t most_;
  const std::size_t recent_headers_;
  std::unordered_map<ConversationId, Entry> entries_;
  std::list<ConversationId> order_;  // most recently used first
  std::vector<ConversationId> open_;
};

}  // namespace c4a
