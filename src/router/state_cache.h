#pragma once

// The conversations that the router has in memory. Those touched since the last commit stay; of the others the longest
// unused go when there are too many, or when they take too much memory.

#include <list>
#include <memory>
#include <unordered_map>
#include <vector>

#include "domain/conversation.h"

namespace c4a {

class StateCache {
 public:
  struct Limits {
    std::size_t conversations = 0;
    std::size_t bytes = 0;           // about: as counted by bytes_of
    std::size_t recent_headers = 0;  // how many a conversation keeps between batches
  };
  explicit StateCache(const Limits& limits) : limits_(limits) {}

  struct Entry {
    std::unique_ptr<ConversationState> state;  // null: there is no such conversation, or it is being created
    std::list<ConversationId>::iterator used;
    bool open = false;     // has effects that are not committed
    LogPosition stored{};  // `head.applied` when it was loaded or committed
    std::size_t bytes = 0;
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
  std::size_t bytes() const { return bytes_; }

 private:
  using Entries = std::unordered_map<ConversationId, Entry>;

  void count(Entry& entry);
  void remove(Entries::iterator found);
  void make_room();

  const Limits limits_;
  std::size_t bytes_ = 0;
  Entries entries_;
  std::list<ConversationId> order_;  // most recently used first
  std::vector<ConversationId> open_;
};

// What a conversation takes in the cache, by the sizes of its parts; allocators add a little.
std::size_t bytes_of(const ConversationState& state);

}  // namespace c4a
