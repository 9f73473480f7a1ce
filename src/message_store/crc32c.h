#pragma once

#include <cstdint>
#include <string_view>

namespace c4a::rocks {

// CRC-32C (Castagnoli), as RocksDB's write-ahead log has it.
std::uint32_t crc32c(std::string_view bytes);

}  // namespace c4a::rocks
