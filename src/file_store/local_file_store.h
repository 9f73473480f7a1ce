#pragma once

// LocalFileStore: the embedded FileStore, in one directory of the local disk. For one process, whose lock of the data
// directory it relies on; when files must survive the machine, or be seen by another, use the distributed one.
//
// How the bytes lie is described in docs/formats/file_store.md. Nothing is kept in memory: what a call needs it reads
// from the disk, so a process that is killed loses nothing that was answered.

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>

#include "file_store/disk.h"
#include "file_store/file_store.h"
#include "file_store/local_layout.h"

namespace c4a {

namespace disk {
class UploadRecord;
}  // namespace disk

struct LocalFileStoreOptions {
  std::string path;  // made when it is not there
  // A sync that failed, so that what is on the disk is not known. By default: a line on stderr, and the process ends
  // with
  // 1. If it returns (in tests), the call fails with kUnavailable.
  std::function<void(const std::string& what)> on_fatal{};
  disk::StepHook before_step{};  // for tests
};

class LocalFileStore final : public FileStore {
 public:
  // Also clears what a crash left half done, which looks at every unfinished upload.
  // Fails with: kUnavailable when the directory cannot be written, kCorrupt when it is of a newer version of Chat4All.
  static Result<std::unique_ptr<LocalFileStore>> open(LocalFileStoreOptions options);

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

 private:
  class WriterClaim;
  struct Place;

  explicit LocalFileStore(LocalFileStoreOptions options);

  Result<std::unique_ptr<WriterClaim>> claim(const FileId& id);
  Result<Place> look_up(const FileId& id, disk::Access access) const;
  Result<std::optional<FileStatus>> try_status(const FileId& id) const;

  Result<Appended> add(const FileId& id, std::uint64_t offset, std::string_view bytes, const Checksum* expected);
  Result<> store(const FileId& id, disk::UploadRecord& record, std::string_view bytes);
  Result<FileInfo> publish(const FileId& id, const disk::UploadRecord& record, const disk::File& part,
                           const Sha256& checksum);
  Result<> drop_bytes(const FileId& id, disk::UploadRecord& record, FileState state);
  Result<disk::File> open_part(const FileId& id, const FileInfo& info) const;

  disk::LocalLayout layout_;
  disk::Disk disk_;
  std::mutex mutex_;
  std::unordered_set<FileId> claimed_;  // guarded by mutex_: the files that have a writer now
};

}  // namespace c4a
