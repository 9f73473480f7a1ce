#include "base/uuid.h"

#include <sys/random.h>

#include <cstdlib>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace c4a {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// getrandom in pages of 4 KiB: a system call per id would cost more than the rest of a send.
void random_bytes(std::uint8_t* out, std::size_t size) {
  thread_local std::array<std::uint8_t, 4096> page;
  thread_local std::size_t used = page.size();
  if (used + size > page.size()) {
    std::size_t filled = 0;
    while (filled < page.size()) {
      const ssize_t got = ::getrandom(page.data() + filled, page.size() - filled, 0);
      if (got < 0 && errno != EINTR) std::abort();
      if (got > 0) filled += static_cast<std::size_t>(got);
    }
    used = 0;
  }
  std::memcpy(out, page.data() + used, size);
  std::memset(page.data() + used, 0, size);
  used += size;
}

void set_version(Uuid& id, std::uint8_t version) {
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0F) | (version << 4));
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3F) | 0x80);
}

}  // namespace

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  Uuid id;
  std::size_t at = 0;
  for (auto& byte : id.bytes) {
    if (at == 8 || at == 13 || at == 18 || at == 23) {
      if (text[at] != '-') return std::nullopt;
      ++at;
    }
    const int high = hex_value(text[at]);
    const int low = hex_value(text[at + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    byte = static_cast<std::uint8_t>(high << 4 | low);
    at += 2;
  }
  return id;
}

Uuid Uuid::v7(TimestampMs now) {
  Uuid id;
  random_bytes(id.bytes.data() + 6, 10);
  for (int i = 0; i < 6; ++i) id.bytes[i] = static_cast<std::uint8_t>(now >> (8 * (5 - i)));
  set_version(id, 7);
  return id;
}

Uuid Uuid::from_name(std::string_view name) {
  const XXH128_hash_t hash = XXH3_128bits(name.data(), name.size());
  Uuid id;
  std::memcpy(id.bytes.data(), &hash.high64, 8);
  std::memcpy(id.bytes.data() + 8, &hash.low64, 8);
  set_version(id, 8);
  return id;
}

void Uuid::append_to(std::string& out) const {
  static constexpr char kDigits[] = "0123456789abcdef";
  char text[36];
  std::size_t at = 0;
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text[at++] = '-';
    text[at++] = kDigits[bytes[i] >> 4];
    text[at++] = kDigits[bytes[i] & 15];
  }
  out.append(text, 36);
}

std::string Uuid::str() const {
  std::string text;
  append_to(text);
  return text;
}

}  // namespace c4a
