#pragma once

// What a file of RocksDB's write-ahead log holds, told apart the way it matters after a crash.
//
// Every write of the store waits for its fdatasync before the next begins, so a power cut can tear the last record
// only, and that one was never acknowledged: it is cut off. Damage with whole records behind it is another thing: it
// took acknowledged records with it, and the store must not start as if nothing had happened. RocksDB's own recovery
// modes know a short last record, but take a torn one (right length, wrong bytes) for damage.

#include <cstdint>
#include <string_view>

namespace c4a::rocks {

struct WalCheck {
  std::uint64_t good_bytes = 0;  // up to the end of the last whole record
  bool clean = true;             // nothing but zeros behind them
  bool records_behind = false;   // not clean, and whole records stand behind the damage
};

WalCheck check_wal(std::string_view file);

}  // namespace c4a::rocks
