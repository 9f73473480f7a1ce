#include "message_store/entry_tree.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace c4a::rocks {
namespace {

class HeapNodes final : public EntryTree::NodeSource {
 public:
  void* allocate_node(std::size_t bytes) override {
    nodes_.push_back(std::make_unique<std::uint64_t[]>((bytes + 7) / 8));
    return nodes_.back().get();
  }

 private:
  std::vector<std::unique_ptr<std::uint64_t[]>> nodes_;
};

// A memtable entry: varint length, user key, trailer. The sequence number makes equal user keys differ.
std::string entry(const std::string& user_key, std::uint64_t sequence) {
  std::string made;
  std::size_t length = user_key.size() + 8;
  for (; length >= 128; length >>= 7) made.push_back(static_cast<char>(length | 128));
  made.push_back(static_cast<char>(length));
  made += user_key;
  for (unsigned i = 0; i < 8; ++i) made.push_back(static_cast<char>((sequence << 8 | 1) >> (8 * i)));
  return made;
}

struct EntryOrder {
  bool operator()(const char* a, const char* b) const {
    return EntryKey::of_entry(a).compare(EntryKey::of_entry(b)) < 0;
  }
};

// Keys of many shapes: long shared beginnings, empty ones, ones above 127 bytes.
std::string random_key(std::mt19937_64& random) {
  std::string key(random() % 3 == 0 ? 16 : random() % 3, 'c');
  const std::size_t more = random() % 10 == 0 ? 150 : random() % 4;
  for (std::size_t i = 0; i < more; ++i) key.push_back(static_cast<char>(random() % 4 == 0 ? 0 : random() % 256));
  return key;
}

void expect_same(const EntryTree::Cursor& cursor, const std::set<const char*, EntryOrder>& model, auto expected) {
  ASSERT_EQ(cursor.valid(), expected != model.end());
  if (cursor.valid()) ASSERT_EQ(static_cast<const void*>(cursor.entry()), static_cast<const void*>(*expected));
}

TEST(EntryTreeTest, AnEmptyTreeHasNothing) {
  HeapNodes nodes;
  const EntryTree tree(nodes);
  EntryTree::Cursor cursor(tree);
  cursor.seek_first();
  EXPECT_FALSE(cursor.valid());
  cursor.seek_last();
  EXPECT_FALSE(cursor.valid());
  const std::string one = entry("a", 1);
  cursor.seek(EntryKey::of_entry(one.data()));
  EXPECT_FALSE(cursor.valid());
  cursor.seek_back(EntryKey::of_entry(one.data()));
  EXPECT_FALSE(cursor.valid());
  EXPECT_FALSE(tree.contains(EntryKey::of_entry(one.data())));
}

TEST(EntryTreeTest, ItOrdersUserKeysAsBytesAndNewerBeforeOlder) {
  const auto before = [](const std::string& a, const std::string& b) { return EntryOrder()(a.data(), b.data()); };
  EXPECT_TRUE(before(entry("a", 1), entry("b", 1)));
  EXPECT_TRUE(before(entry("a", 2), entry("a", 1)));
  EXPECT_TRUE(before(entry("", 1), entry(std::string(1, '\0'), 9)));
  EXPECT_TRUE(before(entry("a", 1), entry(std::string("a\0", 2), 1)));
  EXPECT_TRUE(before(entry("abcdefgh", 1), entry("abcdefghi", 1)));
  EXPECT_TRUE(before(entry("\x7f", 1), entry("\x80", 1)));
}

TEST(EntryTreeTest, ItAnswersLikeAnOrderedSet) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    HeapNodes nodes;
    EntryTree tree(nodes);
    std::vector<std::unique_ptr<std::string>> kept;
    std::set<const char*, EntryOrder> model;
    const std::size_t count = seed == 1 ? 30'000 : 1 + random() % 3'000;
    for (std::uint64_t i = 0; i < count; ++i) {
      // Some runs insert in order, some backwards, some at random.
      std::string key = seed % 4 == 0 ? std::to_string(1'000'000 + i)
                        : seed % 4 == 1 ? std::to_string(2'000'000 - i)
                                        : random_key(random);
      kept.push_back(std::make_unique<std::string>(entry(key, i)));
      tree.insert(kept.back()->data());
      model.insert(kept.back()->data());
    }
    EntryTree::Cursor cursor(tree);
    cursor.seek_first();
    for (const char* expected : model) {
      ASSERT_TRUE(cursor.valid());
      ASSERT_EQ(static_cast<const void*>(cursor.entry()), static_cast<const void*>(expected));
      cursor.next();
    }
    ASSERT_FALSE(cursor.valid());
    cursor.seek_last();
    for (auto expected = model.rbegin(); expected != model.rend(); ++expected) {
      ASSERT_TRUE(cursor.valid());
      ASSERT_EQ(static_cast<const void*>(cursor.entry()), static_cast<const void*>(*expected));
      cursor.previous();
    }
    ASSERT_FALSE(cursor.valid());
    for (int probe = 0; probe < 500; ++probe) {
      const std::string target = probe % 2 == 0 ? entry(random_key(random), random() % count)
                                                : *kept[random() % kept.size()];
      const EntryKey key = EntryKey::of_entry(target.data());
      cursor.seek(key);
      expect_same(cursor, model, model.lower_bound(target.data()));
      auto last = model.upper_bound(target.data());
      last = last == model.begin() ? model.end() : std::prev(last);
      cursor.seek_back(key);
      expect_same(cursor, model, last);
      ASSERT_EQ(tree.contains(key), model.contains(target.data()));
    }
  }
}

TEST(EntryTreeTest, ReadersSeeEverythingThatWasThereBeforeThey) {
  constexpr std::uint64_t kEntries = 40'000;
  HeapNodes nodes;
  EntryTree tree(nodes);
  std::vector<std::string> entries;
  std::mt19937_64 random(7);
  for (std::uint64_t i = 0; i < kEntries; ++i) entries.push_back(entry(std::to_string(random()), i));
  std::atomic<std::uint64_t> inserted{0};
  const auto read = [&](std::uint64_t seed) {
    std::mt19937_64 choice(seed);
    EntryTree::Cursor cursor(tree);
    for (;;) {
      const std::uint64_t there = inserted.load(std::memory_order_acquire);
      if (there == 0) continue;
      const std::string& one = entries[choice() % there];
      cursor.seek(EntryKey::of_entry(one.data()));
      ASSERT_TRUE(cursor.valid());
      ASSERT_EQ(static_cast<const void*>(cursor.entry()), static_cast<const void*>(one.data()));
      cursor.seek_back(EntryKey::of_entry(one.data()));
      ASSERT_TRUE(cursor.valid());
      ASSERT_EQ(static_cast<const void*>(cursor.entry()), static_cast<const void*>(one.data()));
      const char* last = cursor.entry();
      for (int step = 0; step < 40; ++step) {
        cursor.next();
        if (!cursor.valid()) break;
        ASSERT_TRUE(EntryOrder()(last, cursor.entry()));
        last = cursor.entry();
      }
      if (there == kEntries) return;
    }
  };
  std::thread first(read, 1);
  std::thread second(read, 2);
  for (const std::string& one : entries) {
    tree.insert(one.data());
    inserted.fetch_add(1, std::memory_order_release);
  }
  first.join();
  second.join();
  EntryTree::Cursor cursor(tree);
  std::uint64_t counted = 0;
  for (cursor.seek_first(); cursor.valid(); cursor.next()) ++counted;
  EXPECT_EQ(counted, kEntries);
}

}  // namespace
}  // namespace c4a::rocks
