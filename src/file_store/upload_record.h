#pragma once

// UploadRecord: the small file beside the bytes of an upload. It says how many of them count, and holds the digests of
// the chunks. Its layout is docs/formats/file_store.md.
//
// How far the upload is stands in two slots that are written in turn, so a write that the power cut through leaves the
// one before.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "file_store/disk.h"
#include "file_store/file_store.h"

namespace c4a::disk {

class UploadRecord {
 public:
  // Makes `path` with everything in it, or nothing. Its directory is not synced.
  static Result<> create(const Disk& disk, const std::string& path, const NewUpload& upload);
  // Empty when there is none. A damaged one reads as an upload that has failed, begun at 0: the client starts again.
  static Result<std::optional<UploadRecord>> open(const std::string& path, const FileId& id, Access access);

  const FileInfo& info() const { return info_; }

  // Digests of filled chunks, the first of them that of chunk `first`. They count once `advance` has passed them.
  Result<> write_digests(const Disk& disk, std::uint64_t first, std::span<const Sha256> digests) const;
  // Digests of the first `count` chunks. Fails with: kCorrupt.
  Result<std::vector<Sha256>> read_digests(std::uint64_t count) const;

  // Says durably how far the upload is; everything that it counts must be durable before.
  Result<> advance(const Disk& disk, FileState state, std::uint64_t received);

 private:
  UploadRecord(File file, const FileId& id) : file_(std::move(file)), id_(id) {}
  Result<> load();
  bool load_slot(std::string_view slot);

  File file_;
  FileId id_;
  FileInfo info_{};
  std::uint64_t generation_ = 0;  // of the slot that counts
};

}  // namespace c4a::disk
