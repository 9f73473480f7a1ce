#pragma once

// How numbers and texts stand in values and keys: LEB128 varints, length-prefixed texts, big-endian where order
// matters.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace c4a {

// Appends to a buffer that the caller keeps and reuses.
class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}

  void u8(std::uint8_t value) { out_.push_back(static_cast<char>(value)); }
  void varint(std::uint64_t value) {
    char bytes[10];
    std::size_t length = 0;
    for (; value >= 128; value >>= 7) bytes[length++] = static_cast<char>(value | 128);
    bytes[length++] = static_cast<char>(value);
    out_.append(bytes, length);
  }
  // Small for numbers near zero of either sign.
  void zigzag(std::int64_t value) {
    varint((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
  }
  void raw(std::string_view bytes) { out_.append(bytes); }
  void text(std::string_view bytes) {
    varint(bytes.size());
    out_.append(bytes);
  }

 private:
  std::string& out_;
};

inline void append_be64(std::string& out, std::uint64_t value) {
  char bytes[8];
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(value >> (56 - 8 * i));
  out.append(bytes, 8);
}

inline std::uint64_t read_be64(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value = value << 8 | static_cast<std::uint8_t>(bytes[i]);
  return value;
}

// Reads what a ByteWriter wrote. After the first damage it answers zeros and empty texts; `done` tells at the end.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  std::uint8_t u8() {
    const std::string_view one = raw(1);
    return one.empty() ? 0 : static_cast<std::uint8_t>(one[0]);
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && at_ < bytes_.size(); shift += 7) {
      const auto byte = static_cast<std::uint8_t>(bytes_[at_++]);
      value |= std::uint64_t{byte & 127U} << shift;
      if (byte < 128) return value;
    }
    damage();
    return 0;
  }
  std::int64_t zigzag() {
    const std::uint64_t value = varint();
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
  }
  std::string_view raw(std::size_t length) {
    if (length > bytes_.size() - at_) {
      damage();
      return {};
    }
    at_ += length;
    return bytes_.substr(at_ - length, length);
  }
  std::string_view text() { return raw(varint()); }
  // A number of items that each take at least one byte, so that a damaged one allocates nothing absurd.
  std::size_t count() {
    const std::uint64_t value = varint();
    if (value > bytes_.size() - at_) {
      damage();
      return 0;
    }
    return static_cast<std::size_t>(value);
  }

  void damage() {
    damaged_ = true;
    at_ = bytes_.size();
  }
  bool damaged() const { return damaged_; }
  bool done() const { return !damaged_ && at_ == bytes_.size(); }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
  bool damaged_ = false;
};

}  // namespace c4a
