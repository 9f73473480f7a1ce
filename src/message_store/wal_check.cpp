#include "message_store/wal_check.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "message_store/crc32c.h"

namespace c4a::rocks {
namespace {

// RocksDB's log format: blocks of 32 KiB, no fragment crosses one; a fragment is crc32c (masked, of type and payload),
// length, type, payload. A record is one kFull, or kFirst, any number of kMiddle, kLast.
constexpr std::size_t kBlockBytes = 32 * 1024;
constexpr std::size_t kHeaderBytes = 7;
enum FragmentType : std::uint8_t { kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

struct Fragment {
  std::uint8_t type;
  std::size_t bytes;  // with its header
};

std::uint8_t byte_at(std::string_view file, std::size_t at) { return static_cast<std::uint8_t>(file[at]); }

std::uint32_t masked(std::uint32_t crc) { return (crc >> 15 | crc << 17) + 0xa282ead8U; }

// The whole fragment that begins at `at`, if one does.
std::optional<Fragment> fragment_at(std::string_view file, std::size_t at) {
  const std::size_t block_end = std::min(file.size(), (at / kBlockBytes + 1) * kBlockBytes);
  if (at + kHeaderBytes > block_end) return std::nullopt;
  const std::uint8_t type = byte_at(file, at + 6);
  if (type < kFull || type > kLast) return std::nullopt;
  const std::size_t length = byte_at(file, at + 4) | std::size_t{byte_at(file, at + 5)} << 8;
  if (at + kHeaderBytes + length > block_end) return std::nullopt;
  std::uint32_t stored = 0;
  for (int i = 3; i >= 0; --i) stored = stored << 8 | byte_at(file, at + i);
  if (masked(crc32c(file.substr(at + 6, 1 + length))) != stored) return std::nullopt;
  return Fragment{type, kHeaderBytes + length};
}

bool only_zeros(std::string_view bytes) {
  return bytes.empty() || (bytes[0] == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

std::size_t skip_trailer(std::size_t at) {
  const std::size_t left = kBlockBytes - at % kBlockBytes;
  return left < kHeaderBytes ? at + left : at;
}

bool starts_record(const std::optional<Fragment>& fragment) {
  return fragment && (fragment->type == kFull || fragment->type == kFirst);
}

// Whether a record begins after the damage at `from`. In the damaged block the next header can be anywhere; each later
// block begins with one.
bool record_behind(std::string_view file, std::size_t from) {
  const std::size_t next_block = std::min(file.size(), (from / kBlockBytes + 1) * kBlockBytes);
  for (std::size_t at = from + 1; at < next_block; ++at) {
    if (starts_record(fragment_at(file, at))) return true;
  }
  for (std::size_t block = next_block; block < file.size(); block += kBlockBytes) {
    std::size_t at = block;
    while (at < block + kBlockBytes) {
      const auto fragment = fragment_at(file, at);
      if (!fragment) break;
      if (starts_record(fragment)) return true;
      at += fragment->bytes;
    }
  }
  return false;
}

}  // namespace

WalCheck check_wal(std::string_view file) {
  WalCheck check;
  bool inside = false;  // a record that has begun and not ended
  std::size_t at = 0;
  for (;;) {
    at = skip_trailer(at);
    const auto fragment = at < file.size() ? fragment_at(file, at) : std::nullopt;
    const bool continues = fragment && (fragment->type == kMiddle || fragment->type == kLast);
    if (!fragment || continues != inside) break;
    at += fragment->bytes;
    inside = fragment->type == kFirst || fragment->type == kMiddle;
    if (!inside) check.good_bytes = at;
  }
  if (only_zeros(file.substr(std::min<std::size_t>(check.good_bytes, file.size())))) return check;
  check.clean = false;
  check.records_behind = at < file.size() && record_behind(file, at);
  return check;
}

}  // namespace c4a::rocks
