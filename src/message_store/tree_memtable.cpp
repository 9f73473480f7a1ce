#include "message_store/tree_memtable.h"

#include <cstring>
#include <new>
#include <string_view>

#include <rocksdb/slice.h>
#include <rocksdb/version.h>

#include "message_store/entry_tree.h"

// A MemTableRep has to place its iterators in an Arena and to read a LookupKey, but RocksDB installs no headers for either.
// What is needed of them is declared here as it stands in memory/allocator.h and db/lookup_key.h. It has been so since
// 2014; a version is entered below once entry_tree_test and message_store_test have passed with it.
#define C4A_KNOWN_ROCKSDB (ROCKSDB_MAJOR == 7 && ROCKSDB_MINOR == 8)

#if C4A_KNOWN_ROCKSDB
namespace rocksdb {

class Allocator {
 public:
  virtual ~Allocator();
  virtual char* Allocate(std::size_t bytes) = 0;
  virtual char* AllocateAligned(std::size_t bytes, std::size_t huge_page_size = 0, Logger* logger = nullptr) = 0;
  virtual std::size_t BlockSize() const = 0;
};

}  // namespace rocksdb
#endif

namespace c4a::rocks {

#if C4A_KNOWN_ROCKSDB
namespace {

std::string_view view(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

// The layout of rocksdb::LookupKey: the memtable key from `start`, the internal key in it from `key_start` to `end`.
struct LookupKeyLayout {
  const char* start;
  const char* key_start;
  const char* end;
};

EntryKey key_of(const rocksdb::LookupKey& lookup) {
  LookupKeyLayout layout{};
  std::memcpy(&layout, static_cast<const void*>(&lookup), sizeof layout);
  return EntryKey::of_internal({layout.key_start, static_cast<std::size_t>(layout.end - layout.key_start)});
}

class TreeIterator final : public rocksdb::MemTableRep::Iterator {
 public:
  explicit TreeIterator(const EntryTree& tree) : cursor_(tree) {}

  bool Valid() const override { return cursor_.valid(); }
  const char* key() const override { return cursor_.entry(); }
  void Next() override { cursor_.next(); }
  void Prev() override { cursor_.previous(); }
  void Seek(const rocksdb::Slice& internal_key, const char* entry) override { cursor_.seek(target(internal_key, entry)); }
  void SeekForPrev(const rocksdb::Slice& internal_key, const char* entry) override {
    cursor_.seek_back(target(internal_key, entry));
  }
  void SeekToFirst() override { cursor_.seek_first(); }
  void SeekToLast() override { cursor_.seek_last(); }

 private:
  static EntryKey target(const rocksdb::Slice& internal_key, const char* entry) {
    return entry != nullptr ? EntryKey::of_entry(entry) : EntryKey::of_internal(view(internal_key));
  }

  EntryTree::Cursor cursor_;
};

class TreeMemtable final : public rocksdb::MemTableRep, private EntryTree::NodeSource {
 public:
  explicit TreeMemtable(rocksdb::Allocator* allocator) : MemTableRep(allocator), tree_(*this) {}

  void Insert(rocksdb::KeyHandle handle) override { tree_.insert(static_cast<const char*>(handle)); }
  bool Contains(const char* entry) const override { return tree_.contains(EntryKey::of_entry(entry)); }

  void Get(const rocksdb::LookupKey& key, void* argument, bool (*visit)(void*, const char*)) override {
    EntryTree::Cursor cursor(tree_);
    for (cursor.seek(key_of(key)); cursor.valid() && visit(argument, cursor.entry()); cursor.next()) {
    }
  }

  // All memory comes from the allocator, which counts it.
  std::size_t ApproximateMemoryUsage() override { return 0; }

  Iterator* GetIterator(rocksdb::Arena* arena) override {
    if (arena == nullptr) return new TreeIterator(tree_);
    auto* allocator = reinterpret_cast<rocksdb::Allocator*>(arena);  // its only base, at offset 0
    return new (allocator->AllocateAligned(sizeof(TreeIterator))) TreeIterator(tree_);
  }

 private:
  void* allocate_node(std::size_t bytes) override { return allocator_->AllocateAligned(bytes); }

  EntryTree tree_;
};

class TreeMemtableFactory final : public rocksdb::MemTableRepFactory {
 public:
  using MemTableRepFactory::CreateMemTableRep;
  rocksdb::MemTableRep* CreateMemTableRep(const rocksdb::MemTableRep::KeyComparator&, rocksdb::Allocator* allocator,
                                          const rocksdb::SliceTransform*, rocksdb::Logger*) override {
    return new TreeMemtable(allocator);
  }
  const char* Name() const override { return "c4a.TreeMemtable"; }
};

}  // namespace

std::shared_ptr<rocksdb::MemTableRepFactory> tree_memtable_factory() {
  return std::make_shared<TreeMemtableFactory>();
}
#else
std::shared_ptr<rocksdb::MemTableRepFactory> tree_memtable_factory() {
  return std::make_shared<rocksdb::SkipListFactory>();
}
#endif

}  // namespace c4a::rocks
