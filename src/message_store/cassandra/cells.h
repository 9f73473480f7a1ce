#pragma once

// CQL wire cells: what goes into a statement and comes out of a result.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/byte_codec.h"

namespace c4a::cassandra {

// Appends cells to a buffer that the caller keeps.
class CellWriter {
 public:
  explicit CellWriter(std::string& out) : out_(out) {}

  CellWriter& bytes(std::string_view value) {  // blob, text, uuid
    be32(static_cast<std::uint32_t>(value.size()));
    out_.append(value);
    return *this;
  }
  CellWriter& bigint(std::int64_t value) {
    be32(8);
    append_be64(out_, static_cast<std::uint64_t>(value));
    return *this;
  }
  CellWriter& integer(std::int32_t value) {
    be32(4);
    be32(static_cast<std::uint32_t>(value));
    return *this;
  }
  CellWriter& boolean(bool value) {
    be32(1);
    out_.push_back(value ? 1 : 0);
    return *this;
  }
  CellWriter& bigints(std::span<const std::int64_t> values) {  // list<bigint>
    be32(static_cast<std::uint32_t>(4 + 12 * values.size()));
    be32(static_cast<std::uint32_t>(values.size()));
    for (const std::int64_t value : values) bigint(value);
    return *this;
  }
  CellWriter& uuids(std::span<const std::string_view> values) {  // list<uuid>
    be32(static_cast<std::uint32_t>(4 + 20 * values.size()));
    be32(static_cast<std::uint32_t>(values.size()));
    for (const std::string_view value : values) bytes(value);
    return *this;
  }

 private:
  void be32(std::uint32_t value) {
    const char raw[4] = {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
                         static_cast<char>(value)};
    out_.append(raw, 4);
  }

  std::string& out_;
};

// A result. Read row by row, cell by cell, in the order of the SELECT; a null is an empty text or 0.
class RowSet {
 public:
  RowSet() = default;
  RowSet(std::string cells, std::uint32_t rows) : cells_(std::move(cells)), rows_(rows) {}

  std::uint32_t size() const { return rows_; }
  bool empty() const { return rows_ == 0; }

  // Nothing for a null.
  std::optional<std::string_view> cell() {
    const std::string_view all(cells_);
    if (all.size() - at_ < 4) return std::nullopt;
    const auto length = static_cast<std::int32_t>(number_of(all.substr(at_, 4)));
    at_ += 4;
    if (length < 0 || static_cast<std::size_t>(length) > all.size() - at_) return std::nullopt;
    at_ += static_cast<std::size_t>(length);
    return all.substr(at_ - static_cast<std::size_t>(length), static_cast<std::size_t>(length));
  }
  std::string_view bytes() { return cell().value_or(std::string_view()); }
  std::int64_t number() {  // bigint, int, boolean
    const std::string_view raw = bytes();
    if (raw.size() == 4) return static_cast<std::int32_t>(number_of(raw));
    return static_cast<std::int64_t>(number_of(raw));
  }

 private:
  static std::uint64_t number_of(std::string_view raw) {
    std::uint64_t value = 0;
    for (const char byte : raw) value = value << 8 | static_cast<std::uint8_t>(byte);
    return value;
  }

  std::string cells_;
  std::uint32_t rows_ = 0;
  std::size_t at_ = 0;
};

}  // namespace c4a::cassandra
