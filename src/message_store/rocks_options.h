#pragma once

#include <rocksdb/options.h>

#include <array>
#include <cstdint>
#include <memory>

#include "message_store/expiry.h"

namespace c4a::rocks {

// The column families, in the order of kFamilyNames.
enum class Family : std::uint8_t { kDefault, kMessages, kIds, kHeads, kLog, kUsers };
inline constexpr std::array<const char*, 6> kFamilyNames = {"default", "messages", "ids", "heads", "log", "users"};

// Whether the family's keys begin with 16 bytes that every read knows, so that filters can skip whole files.
constexpr bool has_prefix(Family family) { return family != Family::kDefault && family != Family::kUsers; }

// Families whose memtables know no way back: a Scan of them must not use to_last or previous.
constexpr bool reads_forward_only(Family family) {
  return family == Family::kIds || family == Family::kHeads || family == Family::kLog;
}

rocksdb::DBOptions database_options(std::uint64_t log_bytes);
rocksdb::ColumnFamilyOptions family_options(Family family, const std::shared_ptr<rocksdb::Cache>& cache,
                                            const std::shared_ptr<const Expiry>& expiry);

}  // namespace c4a::rocks
