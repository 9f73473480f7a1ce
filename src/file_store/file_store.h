#pragma once

// FileStore keeps the bytes of files, and how far each upload has come.
//
// It knows no users, names or permissions: those are metadata. A file comes in pieces, in order, and becomes visible
// whole or never. Implementations: LocalFileStore (embedded, the default), FakeFileStore (tests).
//
// Any thread may call any method; calls block until their change is durable. One writer of a file at a time: `append`,
// `complete`, `expire` or `remove` beside another of them on the same file is kConflict, and changed nothing. What a
// client may get wrong is an outcome; errors are for what it cannot know. All methods may fail with kUnavailable (the
// disk is full, the server does not answer: nothing was lost, try again) and kCorrupt (an operator must look).

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/ids.h"
#include "file_store/checksum.h"

namespace c4a {

using FileId = TypedUuid<struct FileTag>;

inline constexpr std::uint64_t kMaxFileBytes = 2'147'483'648;
inline constexpr std::uint64_t kMaxFileChunks = 10'000;  // as many parts as S3 takes

struct NewUpload {
  FileId file_id;
  std::uint64_t size = 0;
  std::uint64_t chunk_size = 0;  // at least 1, and no more than kMaxFileChunks of them in the file
  TimestampMs begun_at = 0;
};

enum class FileState : std::uint8_t { kUploading, kComplete, kFailed, kExpired };

struct FileInfo {
  FileState state = FileState::kUploading;
  std::uint64_t size = 0;
  std::uint64_t chunk_size = 0;
  std::uint64_t received = 0;  // a prefix of the file; 0 once it has failed or expired, for its bytes are gone
  TimestampMs begun_at = 0;
  std::optional<Sha256> checksum{};  // of the whole; only of a complete file
};

// The received bytes in steps of `chunk_size`, without holes; the last one may be short, and still grow.
struct FileChunk {
  std::uint64_t index = 0;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  Sha256 checksum{};
  bool operator==(const FileChunk&) const = default;
};

struct FileStatus {
  FileInfo info;
  std::vector<FileChunk> chunks;
};

enum class AppendOutcome : std::uint8_t {
  kStored,
  kWrongOffset,       // `received` is the right one
  kTooLong,           // more bytes than announced: none of them was kept
  kChecksumMismatch,  // nothing was kept
  kClosed,            // no longer an upload: `state` says why
};

struct Appended {
  AppendOutcome outcome = AppendOutcome::kStored;
  std::uint64_t received = 0;  // after the call
  FileState state = FileState::kUploading;
};

enum class CompleteOutcome : std::uint8_t {
  kComplete,          // now, or already
  kIncomplete,        // bytes are missing; the upload goes on
  kChecksumMismatch,  // the upload has failed and its bytes are gone; a file that was complete stays so
  kClosed,            // failed or expired before
};

struct Completed {
  CompleteOutcome outcome = CompleteOutcome::kComplete;
  FileInfo info;
};

// Reads a range of one file. One thread at a time, and not longer than the store lives. When the file is removed
// meanwhile, it may go on or fail.
class FileReader {
 public:
  virtual ~FileReader() = default;
  virtual std::uint64_t remaining() const = 0;
  // Fills `into` from the front, as far as bytes remain; answers how many. 0 is the end.
  virtual Result<std::size_t> read(std::span<char> into) = 0;
};

class FileStore {
 public:
  virtual ~FileStore() = default;

  // Fails with: kConflict when the id is taken, kBodyTooLarge above kMaxFileBytes, kValidationFailed for a bad chunk
  // size.
  virtual Result<> begin(const NewUpload& upload) = 0;

  // Adds bytes at `offset`, which must be what was received so far. They are durable when it returns, which takes syncs
  // of the disk: gather a megabyte or so where bytes trickle in. After a crash any part of a call may have been kept,
  // always a prefix. Fails with: kNotFound, kConflict.
  virtual Result<Appended> append(const FileId& id, std::uint64_t offset, std::string_view bytes) = 0;

  // The same, all or nothing, even after a crash; and nothing when the bytes do not have this checksum.
  virtual Result<Appended> append_checked(const FileId& id, std::uint64_t offset, std::string_view bytes,
                                          const Checksum& expected) = 0;

  // Makes the file visible, at once, if it has this checksum (no checksum: nothing to compare). Reads all its bytes, so
  // a file of 2 GiB takes seconds. Fails with: kNotFound, kConflict.
  virtual Result<Completed> complete(const FileId& id, const std::optional<Sha256>& expected) = 0;

  // Ends an upload: its bytes go, `find` goes on to say kExpired. Any other state stays; answers the state afterwards.
  // Fails with: kNotFound, kConflict.
  virtual Result<FileState> expire(const FileId& id) = 0;

  // Forgets an upload or a file with everything about it. None there is fine. A reader may fail from then on.
  // Fails with: kConflict.
  virtual Result<> remove(const FileId& id) = 0;

  // Cheap. Beside a running `append` it says what was before or what is after. Fails with: kNotFound.
  virtual Result<FileInfo> find(const FileId& id) = 0;

  // The same with the chunks; reads up to one chunk. Fails with: kNotFound.
  virtual Result<FileStatus> status(const FileId& id) = 0;

  // A range of a complete file, cut at its end. Fails with: kNotFound, also for a file that is not complete.
  virtual Result<std::unique_ptr<FileReader>> read(const FileId& id, std::uint64_t offset, std::uint64_t length) = 0;

  // Up to `limit` of what is not complete, in this state and begun before this time, in no order: to expire what is
  // uploading, and later to remove what failed or expired. Looks at every upload.
  virtual Result<std::vector<FileId>> unfinished(FileState state, TimestampMs begun_before, std::size_t limit) = 0;

  // Whether the store can be written right now.
  virtual Result<> check() = 0;
};

// Of a valid upload: how many chunks it has, and how many of them `received` bytes have filled.
constexpr std::uint64_t chunk_count(std::uint64_t size, std::uint64_t chunk_size) {
  return size / chunk_size + (size % chunk_size != 0 ? 1 : 0);
}
constexpr std::uint64_t filled_chunks(std::uint64_t received, std::uint64_t size, std::uint64_t chunk_size) {
  return received == size ? chunk_count(size, chunk_size) : received / chunk_size;
}

// What every implementation refuses in `begin`.
Result<> validate(const NewUpload& upload);

}  // namespace c4a
