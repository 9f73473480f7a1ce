#pragma once

// FakeFileStore: in memory, for unit tests of whoever uses a FileStore. Each call holds one lock, so writers wait for
// each other where another implementation answers kConflict.

#include <mutex>
#include <string>
#include <unordered_map>

#include "file_store/file_store.h"

namespace c4a {

class FakeFileStore final : public FileStore {
 public:
  Result<> begin(const NewUpload& upload) override;
  Result<Appended> append(const FileId& id, std::uint64_t offset, std::string_view bytes) override;
  Result<Appended> append_checked(const FileId& id, std::uint64_t offset, std::string_view bytes,
                                  const Checksum& expected) override;
  Result<Completed> complete(const FileId& id, const std::optional<Sha256>& expected) override;
  Result<FileState> expire(const FileId& id) override;
  Result<> remove(const FileId& id) override;
  Result<FileInfo> find(const FileId& id) override;
  Result<FileStatus> status(const FileId& id) override;
  Result<std::unique_ptr<FileReader>> read(const FileId& id, std::uint64_t offset, std::uint64_t length) override;
  Result<std::vector<FileId>> unfinished(FileState state, TimestampMs begun_before, std::size_t limit) override;
  Result<> check() override;

  // From now on everything fails with kUnavailable; false ends it.
  void set_down(bool down);

 private:
  struct Entry {
    FileInfo info;
    std::string bytes;
  };

  Result<Entry*> entry(const FileId& id);
  Result<> up() const;
  Result<Appended> add(const FileId& id, std::uint64_t offset, std::string_view bytes, const Checksum* expected);

  std::mutex mutex_;
  std::unordered_map<FileId, Entry> entries_;
  bool down_ = false;
};

}  // namespace c4a
