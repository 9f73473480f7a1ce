#pragma once

#include <filesystem>
#include <memory>

#include "base/result.h"

namespace c4a {

// The directory with everything an embedded installation keeps. Held by one server at a time; the lock ends with the
// object, and with the process.
class DataDirectory {
 public:
  // Makes the directory where it is missing. Fails with: kUnavailable, with a sentence that says what to do.
  static Result<std::unique_ptr<DataDirectory>> hold(const std::filesystem::path& path);
  ~DataDirectory();

  static std::filesystem::path messages_in(const std::filesystem::path& data) { return data / "messages"; }
  static std::filesystem::path metadata_in(const std::filesystem::path& data) { return data / "metadata.sqlite3"; }

 private:
  explicit DataDirectory(int lock) : lock_(lock) {}
  int lock_;
};

}  // namespace c4a
