#pragma once

// RFC 9562 UUIDs: 16 bytes, compared as bytes. Read in any letter case, written in lower case.

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace c4a {

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  // The canonical form 8-4-4-4-12 only; nothing else is a UUID here.
  static std::optional<Uuid> parse(std::string_view text);
  // Time-ordered (version 7), from the system's random generator. Any thread.
  static Uuid v7(TimestampMs now);
  // Name-based (version 8): the same name always gives the same id.
  static Uuid from_name(std::string_view name);

  void append_to(std::string& out) const;
  std::string str() const;
  std::string_view view() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
  static Uuid from_view(std::string_view raw) {
    Uuid id;
    std::memcpy(id.bytes.data(), raw.data(), 16);
    return id;
  }

  auto operator<=>(const Uuid&) const = default;
};

struct UuidHash {
  std::size_t operator()(const Uuid& id) const noexcept {
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    std::memcpy(&a, id.bytes.data(), 8);
    std::memcpy(&b, id.bytes.data() + 8, 8);
    return static_cast<std::size_t>((a ^ (b * 0x9E3779B97F4A7C15ULL)) * 0xD6E8FEB86659FD93ULL);
  }
};

}  // namespace c4a
