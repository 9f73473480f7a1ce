#pragma once

// EntryTree: the ordered set behind TreeMemtable. A B+ tree of pointers to memtable entries, for one writer and any number
// of readers that never wait and never make the writer wait.
//
// Why not RocksDB's skip list: an insert into a list of 50,000 entries follows about 20 pointers, each a cache miss and a
// comparison. Here it looks at four nodes that hold the first 8 bytes of their keys beside each other. The router makes
// four inserts a message, so this is most of what a commit costs (docs/formats/message_store.md has the numbers).
//
// How readers stay safe without locks: an entry is added to a node by writing an unused slot and then publishing one
// word, `order`, that lists the used slots in key order. Slots are never reused. A full node is not changed any more: two
// copies of its halves take its place in the parent, and whoever still reads the old node sees everything that was there
// when they came.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace c4a::rocks {

// An entry as RocksDB lays it out: varint32 length, user key, 8 bytes of sequence number and type, then the value.
// Order: user keys as bytes, then newer before older.
struct EntryKey {
  std::string_view user_key;
  std::uint64_t trailer = 0;  // sequence number << 8 | type
  std::uint64_t head = 0;     // the first 8 bytes, as a number that sorts alike

  static EntryKey of_entry(const char* entry);
  static EntryKey of_internal(std::string_view internal_key);
  int compare(const EntryKey& other) const;
};

class EntryTree {
 public:
  static constexpr unsigned kFanout = 15;  // slots in a node: what fits one `order` word

  // Where nodes come from; they are never given back before the tree is gone. 8-byte aligned.
  class NodeSource {
   public:
    virtual ~NodeSource() = default;
    virtual void* allocate_node(std::size_t bytes) = 0;
  };

  explicit EntryTree(NodeSource& source);
  EntryTree(const EntryTree&) = delete;
  EntryTree& operator=(const EntryTree&) = delete;

  // One thread at a time. No equal entry may be there. `entry` outlives the tree.
  void insert(const char* entry);
  bool contains(const EntryKey& key) const;

 private:
  struct Node;
  struct Inner;

 public:
  // A position, for one reader. What was inserted before it was placed is seen for certain, later entries perhaps.
  class Cursor {
   public:
    explicit Cursor(const EntryTree& tree) : tree_(&tree) {}

    bool valid() const { return leaf_ != nullptr; }
    const char* entry() const;
    void seek(const EntryKey& key);         // the first >= key
    void seek_back(const EntryKey& key);    // the last <= key
    void seek_first();
    void seek_last();
    void next();
    void previous();

   private:
    void place_at_or_after(const EntryKey& key, bool or_equal);
    void place_at_or_before(const EntryKey& key, bool or_equal);
    void place(const Node* leaf, std::uint64_t order, unsigned position);

    const EntryTree* tree_;
    const Node* leaf_ = nullptr;
    std::uint64_t order_ = 0;
    unsigned position_ = 0;
  };

 private:
  Node* new_leaf();
  Inner* new_inner();
  void split_child(Inner& parent, unsigned position, bool ascending);

  NodeSource& source_;
  std::atomic<Node*> root_;
};

}  // namespace c4a::rocks
