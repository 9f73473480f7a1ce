#pragma once

#include <memory>

#include <rocksdb/memtablerep.h>

namespace c4a::rocks {

// A memtable of RocksDB that is kept in an EntryTree. Inserts must come from one thread at a time
// (allow_concurrent_memtable_write off), which is how the router writes. With a RocksDB whose inner classes have not been
// checked (see tree_memtable.cpp) this is RocksDB's own skip list: slower, and otherwise the same.
std::shared_ptr<rocksdb::MemTableRepFactory> tree_memtable_factory();

}  // namespace c4a::rocks
