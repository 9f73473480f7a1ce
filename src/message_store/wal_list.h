#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/result.h"

namespace c4a::rocks {

// Which logs there must be, and how many bytes of the finished ones were synced: the file LOGS beside them. It shows
// what the logs themselves cannot: that one is gone, or was cut exactly between two records.
//
// Written anew (and synced) when a log begins, and before one goes, so that it never asks for what was rightly deleted.
// It needs no new block of the disk for that: LOGS and LOGS.new change places.
// Not thread safe.
class WalList {
 public:
  // `directory` without a file LOGS: nothing is known of its logs, and nothing is asked for.
  // Fails with: kCorrupt, where LOGS is damaged or a log in it is gone.
  static Result<WalList> load(const std::string& directory);

  // The log `name` has begun; the one before it ended with `synced_bytes` of it on the disk. 0 or errno.
  int begin(const std::string& name, const std::string& before, std::uint64_t synced_bytes);
  // A log of an earlier process was read at the start, whole up to there. Kept with the next `begin`.
  void finished(const std::string& name, std::uint64_t bytes) { logs_[name] = bytes; }
  // The log is about to be deleted. 0 or errno.
  int drop(const std::string& name);
  // How many bytes of records the log must hold; 0 for one that is not known, or had not ended.
  std::uint64_t required_bytes(const std::string& name) const;

 private:
  explicit WalList(std::string directory) : directory_(std::move(directory)) {}
  int save() const;

  std::string directory_;
  std::map<std::string, std::uint64_t> logs_;  // name → bytes that are required
};

}  // namespace c4a::rocks
