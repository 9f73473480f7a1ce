#pragma once

// The system calls of LocalFileStore, as Results. For .cpp files and tests of this folder.
//
// A full disk is kUnavailable. A sync that fails for any other reason leaves unknown what is on the disk: `on_fatal` is
// called, which by default ends the process. Any thread may use a Disk; a File belongs to one thread at a time.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace c4a::disk {

enum class Step : std::uint8_t { kCreate, kWrite, kTruncate, kSync, kRename, kRemove };

// Called before every step that changes the disk, for tests: the errno to fail with, 0 to go on.
using StepHook = std::function<int(Step step, const std::string& path)>;

class File {
 public:
  File(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}
  File& operator=(File&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(path_, other.path_);
    return *this;
  }
  ~File();

  int fd() const { return fd_; }
  const std::string& path() const { return path_; }

 private:
  int fd_;
  std::string path_;
};

enum class Access : std::uint8_t { kRead, kReadWrite };

// Reads from the front until `into` is full or the file ends; answers how much.
Result<std::size_t> read_at(const File& file, std::uint64_t offset, std::span<char> into);
Result<std::uint64_t> size_of(const File& file);
// Empty when there is no such file.
Result<std::optional<File>> open_file(const std::string& path, Access access);
Result<bool> exists(const std::string& path);

class Disk {
 public:
  Disk(std::function<void(const std::string& what)> on_fatal, StepHook before_step);

  // Durably, in a parent that is there; one that is there already is fine.
  Result<> make_directory(const std::string& parent, const std::string& name) const;
  Result<File> create(const std::string& path) const;  // empties one that is there
  Result<> write_at(const File& file, std::uint64_t offset, std::string_view bytes) const;
  Result<> truncate(const File& file, std::uint64_t size) const;
  Result<> rename(const std::string& from, const std::string& to) const;
  Result<bool> remove(const std::string& path) const;  // whether it was there

  // For bytes that nothing points to yet: a full disk is kUnavailable, and nothing has happened.
  Result<> sync_data(const File& file) const;
  // For what decides: every failure is fatal.
  Result<> sync_decision(const File& file) const;
  Result<> sync_directory(const std::string& path) const;  // one that is not there holds nothing to sync

 private:
  int before(Step step, const std::string& path) const { return before_step_ ? before_step_(step, path) : 0; }
  Result<> sync_failed(const std::string& path, int error) const;

  std::function<void(const std::string& what)> on_fatal_;
  StepHook before_step_;
};

}  // namespace c4a::disk
