#pragma once

// StoredFile: a complete file on the disk. Its bytes come first, as they were sent; behind them the digests of its
// chunks and a trailer, so that one rename makes all of it visible. The layout is docs/formats/file_store.md.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "file_store/disk.h"
#include "file_store/file_store.h"

namespace c4a::disk {

class StoredFile {
 public:
  // What stands behind the bytes of a file.
  static std::string encode_end(const FileId& id, const FileInfo& info, const std::vector<Sha256>& digests);
  // Empty when there is none. Fails with: kCorrupt.
  static Result<std::optional<StoredFile>> open(const std::string& path, const FileId& id);

  const FileInfo& info() const { return info_; }
  // Of every chunk. Fails with: kCorrupt.
  Result<std::vector<Sha256>> read_digests() const;
  std::unique_ptr<FileReader> reader(std::uint64_t offset, std::uint64_t length) &&;

 private:
  explicit StoredFile(File file) : file_(std::move(file)) {}
  Result<> load(const FileId& id);
  std::unexpected<Error> damaged() const;

  File file_;
  FileInfo info_{};
  Sha256 digests_tag_{};  // of the table of digests
};

}  // namespace c4a::disk
