#pragma once

// Field by field, one description both ways: `FieldWriter` writes what `FieldReader` reads, in the same order.
//
//   void describe(auto& way, Of<Thing> auto& thing) { way.text(thing.name); way.number(thing.count); }

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/byte_codec.h"
#include "base/clock.h"

namespace c4a {

class FieldWriter {
 public:
  explicit FieldWriter(std::string& bytes) : writer_(bytes) {}

  void number(std::uint64_t value) { writer_.varint(value); }
  void time(TimestampMs value) { writer_.zigzag(value); }
  void flag(bool value) { writer_.u8(value ? 1 : 0); }
  void text(const std::string& value) { writer_.text(value); }
  template <std::size_t N>
  void bytes(const std::array<std::uint8_t, N>& value) {
    writer_.raw({reinterpret_cast<const char*>(value.data()), N});
  }
  template <class Enum>
  void choice(Enum value, Enum) {
    writer_.u8(static_cast<std::uint8_t>(value));
  }
  template <class T, class Each>
  void list(const std::vector<T>& items, Each each) {
    writer_.varint(items.size());
    for (const T& item : items) each(item);
  }
  template <class T, class Each>
  void maybe(const std::optional<T>& item, Each each) {
    flag(item.has_value());
    if (item) each(*item);
  }

 private:
  ByteWriter writer_;
};

class FieldReader {
 public:
  explicit FieldReader(ByteReader& reader) : reader_(reader) {}

  void number(std::uint64_t& value) { value = reader_.varint(); }
  void time(TimestampMs& value) { value = reader_.zigzag(); }
  void flag(bool& value) {
    const std::uint8_t byte = reader_.u8();
    if (byte > 1) reader_.damage();
    value = byte == 1;
  }
  void text(std::string& value) { value = reader_.text(); }
  template <std::size_t N>
  void bytes(std::array<std::uint8_t, N>& value) {
    const std::string_view raw = reader_.raw(N);
    if (raw.size() == N) std::copy(raw.begin(), raw.end(), value.begin());
  }
  // Enums count from 1 to `last`.
  template <class Enum>
  void choice(Enum& value, Enum last) {
    const std::uint8_t byte = reader_.u8();
    if (byte == 0 || byte > static_cast<std::uint8_t>(last)) reader_.damage();
    value = static_cast<Enum>(byte);
  }
  template <class T, class Each>
  void list(std::vector<T>& items, Each each) {
    items.resize(reader_.count());
    for (T& item : items) each(item);
  }
  template <class T, class Each>
  void maybe(std::optional<T>& item, Each each) {
    bool there = false;
    flag(there);
    if (there) each(item.emplace());
  }

 private:
  ByteReader& reader_;
};

// `thing` is a T, const on the way out.
template <class Way, class T>
concept Of = std::same_as<std::remove_const_t<Way>, T>;

}  // namespace c4a
