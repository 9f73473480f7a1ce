#pragma once

// The floor's log: one file that is overwritten in a circle, so that a sync writes data and nothing else (no growth, no
// allocation): the cheapest durable write this disk offers. Nothing is ever read back.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace c4a::bench {

class FloorLog {
 public:
  // A file of `file_bytes` in `folder`, removed at once from the directory. Fails with: kUnavailable.
  static Result<FloorLog> open(const std::string& folder, std::size_t file_bytes);
  FloorLog(FloorLog&& other) noexcept;
  FloorLog& operator=(FloorLog&&) = delete;
  ~FloorLog();

  void append(std::string_view record) { waiting_ += record; }
  bool empty() const { return waiting_.empty(); }
  // Writes and fdatasyncs all that was appended. Ends the process where that fails: a floor that lies is of no use.
  void sync();
  std::uint64_t syncs() const { return syncs_; }

 private:
  FloorLog(int fd, std::size_t file_bytes) : fd_(fd), file_bytes_(file_bytes) {}

  int fd_;
  std::size_t file_bytes_;
  std::size_t position_ = 0;
  std::uint64_t syncs_ = 0;
  std::string waiting_;
};

}  // namespace c4a::bench
