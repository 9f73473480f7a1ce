#include "message_store/entry_tree.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <new>

namespace c4a::rocks {
namespace {

std::uint64_t load_le64(const char* at) {
  std::uint64_t value = 0;
  std::memcpy(&value, at, sizeof value);
  if constexpr (std::endian::native == std::endian::big) value = __builtin_bswap64(value);
  return value;
}

std::uint64_t head_of(std::string_view key) {
  std::uint64_t value = 0;
  std::memcpy(&value, key.data(), std::min(key.size(), sizeof value));
  if constexpr (std::endian::native == std::endian::little) value = __builtin_bswap64(value);
  return value;
}

// The order word: 4 bits with the number of used slots, then 4 bits for the slot at each position.
unsigned count_in(std::uint64_t order) { return static_cast<unsigned>(order & 15); }
unsigned slot_at(std::uint64_t order, unsigned position) {
  return static_cast<unsigned>(order >> (4 + 4 * position)) & 15;
}
std::uint64_t order_with(std::uint64_t order, unsigned position, unsigned slot) {
  const std::uint64_t below = (std::uint64_t{1} << (4 + 4 * position)) - 1;
  return ((order & below) | std::uint64_t{slot} << (4 + 4 * position) | (order & ~below) << 4) + 1;
}
// The order of a node that was filled in key order.
std::uint64_t order_of_filled(unsigned count) {
  std::uint64_t order = count;
  for (unsigned i = 0; i < count; ++i) order |= std::uint64_t{i} << (4 + 4 * i);
  return order;
}

}  // namespace

EntryKey EntryKey::of_internal(std::string_view internal_key) {
  const std::string_view user = internal_key.substr(0, internal_key.size() - 8);
  return {user, load_le64(user.data() + user.size()), head_of(user)};
}

EntryKey EntryKey::of_entry(const char* entry) {
  std::uint32_t length = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(*entry++);
    length |= (byte & 127U) << shift;
    if (byte < 128) break;
  }
  return of_internal({entry, length});
}

int EntryKey::compare(const EntryKey& other) const {
  if (head != other.head) return head < other.head ? -1 : 1;
  if (const int bytes = user_key.compare(other.user_key); bytes != 0) return bytes;
  if (trailer == other.trailer) return 0;
  return trailer > other.trailer ? -1 : 1;
}

struct EntryTree::Node {
  std::atomic<std::uint64_t> order{0};
  bool leaf;
  std::uint64_t heads[kFanout];
  const char* entries[kFanout];  // in an inner node: the first entry of each child, and minus infinity at position 0

  explicit Node(bool is_leaf) : leaf(is_leaf) {}

  // How many of the first `count` positions hold entries < key (or <= key).
  unsigned count_below(std::uint64_t word, const EntryKey& key, bool or_equal) const {
    unsigned low = 0;
    unsigned high = count_in(word);
    while (low < high) {
      const unsigned middle = (low + high) / 2;
      const unsigned slot = slot_at(word, middle);
      bool below = heads[slot] < key.head;
      if (heads[slot] == key.head) {
        const int compared = EntryKey::of_entry(entries[slot]).compare(key);
        below = or_equal ? compared <= 0 : compared < 0;
      }
      if (below) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
  // The position of the child of an inner node that holds the first entry not counted by count_below, or its neighbour.
  unsigned child_position(std::uint64_t word, const EntryKey& key, bool or_equal) const {
    const unsigned below = count_below(word, key, or_equal);
    return below == 0 ? 0 : below - 1;
  }
  void fill(unsigned slot, std::uint64_t head, const char* entry) {
    heads[slot] = head;
    entries[slot] = entry;
  }
  bool full() const { return count_in(order.load(std::memory_order_relaxed)) == kFanout; }
};

struct EntryTree::Inner : Node {
  std::atomic<Node*> children[kFanout];

  Inner() : Node(false) {}

  // A reader's step down. A split publishes the new right half first and the left half after it, so an unchanged order
  // after the child was read means that the child covers what the order says.
  template <class Choose>
  const Node* child(std::uint64_t& word, unsigned& position, const Choose& choose) const {
    for (;;) {
      word = order.load(std::memory_order_acquire);
      position = choose(word);
      const Node* found = children[slot_at(word, position)].load(std::memory_order_acquire);
      if (order.load(std::memory_order_acquire) == word) return found;
    }
  }
};

EntryTree::EntryTree(NodeSource& source) : source_(source), root_(nullptr) {
  root_.store(new_leaf(), std::memory_order_release);
}

EntryTree::Node* EntryTree::new_leaf() { return new (source_.allocate_node(sizeof(Node))) Node(true); }

EntryTree::Inner* EntryTree::new_inner() {
  auto* inner = new (source_.allocate_node(sizeof(Inner))) Inner;
  for (auto& child : inner->children) child.store(nullptr, std::memory_order_relaxed);
  return inner;
}

void EntryTree::split_child(Inner& parent, unsigned position, bool ascending) {
  const std::uint64_t parent_order = parent.order.load(std::memory_order_relaxed);
  auto& link = parent.children[slot_at(parent_order, position)];
  Node* full = link.load(std::memory_order_relaxed);
  const std::uint64_t word = full->order.load(std::memory_order_relaxed);
  // Keys that come in order leave full nodes behind.
  const unsigned kept = ascending ? kFanout - 1 : kFanout / 2;

  const auto copy_of = [&](unsigned from, unsigned to) -> Node* {
    Node* copy = full->leaf ? new_leaf() : new_inner();
    for (unsigned i = from; i < to; ++i) {
      const unsigned slot = slot_at(word, i);
      copy->fill(i - from, full->heads[slot], full->entries[slot]);
      if (!full->leaf) {
        static_cast<Inner*>(copy)->children[i - from].store(
            static_cast<Inner*>(full)->children[slot].load(std::memory_order_relaxed), std::memory_order_relaxed);
      }
    }
    copy->order.store(order_of_filled(to - from), std::memory_order_release);
    return copy;
  };
  Node* left = copy_of(0, kept);
  Node* right = copy_of(kept, kFanout);

  const unsigned slot = count_in(parent_order);
  parent.fill(slot, right->heads[0], right->entries[0]);
  parent.children[slot].store(right, std::memory_order_release);
  parent.order.store(order_with(parent_order, position + 1, slot), std::memory_order_release);
  link.store(left, std::memory_order_release);
}

void EntryTree::insert(const char* entry) {
  const EntryKey key = EntryKey::of_entry(entry);
  Node* node = root_.load(std::memory_order_relaxed);
  if (node->full()) {
    Inner* root = new_inner();
    const unsigned first = slot_at(node->order.load(std::memory_order_relaxed), 0);
    root->fill(0, node->heads[first], node->entries[first]);
    root->children[0].store(node, std::memory_order_relaxed);
    root->order.store(order_of_filled(1), std::memory_order_release);
    root_.store(root, std::memory_order_release);
    node = root;
  }
  while (!node->leaf) {
    auto& inner = static_cast<Inner&>(*node);
    std::uint64_t word = inner.order.load(std::memory_order_relaxed);
    unsigned position = inner.child_position(word, key, true);
    Node* child = inner.children[slot_at(word, position)].load(std::memory_order_relaxed);
    if (child->full()) {
      const std::uint64_t child_word = child->order.load(std::memory_order_relaxed);
      const unsigned last = slot_at(child_word, kFanout - 1);
      split_child(inner, position, EntryKey::of_entry(child->entries[last]).compare(key) < 0);
      word = inner.order.load(std::memory_order_relaxed);
      position = inner.child_position(word, key, true);
      child = inner.children[slot_at(word, position)].load(std::memory_order_relaxed);
    }
    node = child;
  }
  const std::uint64_t word = node->order.load(std::memory_order_relaxed);
  const unsigned slot = count_in(word);
  node->fill(slot, key.head, entry);
  node->order.store(order_with(word, node->count_below(word, key, true), slot), std::memory_order_release);
}

bool EntryTree::contains(const EntryKey& key) const {
  Cursor cursor(*this);
  cursor.seek(key);
  return cursor.valid() && EntryKey::of_entry(cursor.entry()).compare(key) == 0;
}

const char* EntryTree::Cursor::entry() const { return leaf_->entries[slot_at(order_, position_)]; }

void EntryTree::Cursor::place(const Node* leaf, std::uint64_t order, unsigned position) {
  leaf_ = position < count_in(order) ? leaf : nullptr;
  order_ = order;
  position_ = position;
}

void EntryTree::Cursor::place_at_or_after(const EntryKey& key, bool or_equal) {
  const Node* node = tree_->root_.load(std::memory_order_acquire);
  const char* following = nullptr;  // the first entry of what comes after `node`
  while (!node->leaf) {
    std::uint64_t word = 0;
    unsigned position = 0;
    const auto& inner = static_cast<const Inner&>(*node);
    node = inner.child(word, position, [&](std::uint64_t w) { return inner.child_position(w, key, true); });
    if (position + 1 < count_in(word)) following = inner.entries[slot_at(word, position + 1)];
  }
  const std::uint64_t word = node->order.load(std::memory_order_acquire);
  place(node, word, node->count_below(word, key, !or_equal));
  if (!valid() && following != nullptr) place_at_or_after(EntryKey::of_entry(following), true);
}

void EntryTree::Cursor::place_at_or_before(const EntryKey& key, bool or_equal) {
  const Node* node = tree_->root_.load(std::memory_order_acquire);
  while (!node->leaf) {
    std::uint64_t word = 0;
    unsigned position = 0;
    const auto& inner = static_cast<const Inner&>(*node);
    node = inner.child(word, position, [&](std::uint64_t w) { return inner.child_position(w, key, or_equal); });
  }
  const std::uint64_t word = node->order.load(std::memory_order_acquire);
  const unsigned below = node->count_below(word, key, or_equal);
  place(node, word, below == 0 ? kFanout : below - 1);
}

void EntryTree::Cursor::seek(const EntryKey& key) { place_at_or_after(key, true); }

void EntryTree::Cursor::seek_back(const EntryKey& key) { place_at_or_before(key, true); }

void EntryTree::Cursor::seek_first() {
  const Node* node = tree_->root_.load(std::memory_order_acquire);
  while (!node->leaf) {
    std::uint64_t word = 0;
    unsigned position = 0;
    node = static_cast<const Inner*>(node)->child(word, position, [](std::uint64_t) { return 0U; });
  }
  place(node, node->order.load(std::memory_order_acquire), 0);
}

void EntryTree::Cursor::seek_last() {
  const Node* node = tree_->root_.load(std::memory_order_acquire);
  while (!node->leaf) {
    std::uint64_t word = 0;
    unsigned position = 0;
    node = static_cast<const Inner*>(node)->child(word, position, [](std::uint64_t w) { return count_in(w) - 1; });
  }
  const std::uint64_t word = node->order.load(std::memory_order_acquire);
  place(node, word, count_in(word) - 1);  // wraps around, and so is invalid, in an empty tree
}

void EntryTree::Cursor::next() {
  assert(valid());
  if (position_ + 1 < count_in(order_)) {
    ++position_;
    return;
  }
  place_at_or_after(EntryKey::of_entry(entry()), false);
}

void EntryTree::Cursor::previous() {
  assert(valid());
  if (position_ > 0) {
    --position_;
    return;
  }
  place_at_or_before(EntryKey::of_entry(entry()), false);
}

}  // namespace c4a::rocks
