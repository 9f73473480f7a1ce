#pragma once

#include <rocksdb/listener.h>

#include <memory>

namespace c4a::rocks {

// RocksDB's flushing and merging behind the event loops and the router where cores are short: both may take longer, and
// live messages should not.
std::shared_ptr<rocksdb::EventListener> background_priority();

}  // namespace c4a::rocks
