#include "file_store/fake_file_store.h"

#include <algorithm>
#include <cstring>

namespace c4a {
namespace {

class StringReader final : public FileReader {
 public:
  explicit StringReader(std::string bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t remaining() const override { return bytes_.size() - position_; }
  Result<std::size_t> read(std::span<char> into) override {
    const std::size_t size = std::min(into.size(), bytes_.size() - position_);
    if (size > 0) std::memcpy(into.data(), bytes_.data() + position_, size);
    position_ += size;
    return size;
  }

 private:
  std::string bytes_;
  std::size_t position_ = 0;
};

}  // namespace

void FakeFileStore::set_down(bool down) {
  const std::lock_guard lock(mutex_);
  down_ = down;
}

Result<> FakeFileStore::up() const {
  if (down_) return fail(ErrorCode::kUnavailable, "The file store is down.");
  return {};
}

Result<FakeFileStore::Entry*> FakeFileStore::entry(const FileId& id) {
  C4A_CHECK(up());
  const auto found = entries_.find(id);
  if (found == entries_.end()) return fail(ErrorCode::kNotFound, "There is no such file.");
  return &found->second;
}

Result<> FakeFileStore::begin(const NewUpload& upload) {
  C4A_CHECK(validate(upload));
  const std::lock_guard lock(mutex_);
  C4A_CHECK(up());
  const FileInfo info{FileState::kUploading, upload.size, upload.chunk_size, 0, upload.begun_at};
  if (!entries_.emplace(upload.file_id, Entry{info, {}}).second) {
    return fail(ErrorCode::kConflict, "A file with this id exists.");
  }
  return {};
}

Result<Appended> FakeFileStore::append(const FileId& id, std::uint64_t offset, std::string_view bytes) {
  return add(id, offset, bytes, nullptr);
}

Result<Appended> FakeFileStore::append_checked(const FileId& id, std::uint64_t offset, std::string_view bytes,
                                               const Checksum& expected) {
  return add(id, offset, bytes, &expected);
}

Result<Appended> FakeFileStore::add(const FileId& id, std::uint64_t offset, std::string_view bytes,
                                    const Checksum* expected) {
  const std::lock_guard lock(mutex_);
  C4A_TRY(Entry* const found, entry(id));
  FileInfo& info = found->info;
  const auto refused = [&](AppendOutcome outcome) { return Appended{outcome, info.received, info.state}; };
  if (info.state != FileState::kUploading) return refused(AppendOutcome::kClosed);
  if (offset != info.received) return refused(AppendOutcome::kWrongOffset);
  if (bytes.size() > info.size - offset) return refused(AppendOutcome::kTooLong);
  if (expected != nullptr && !expected->matches(bytes)) return refused(AppendOutcome::kChecksumMismatch);
  found->bytes += bytes;
  info.received += bytes.size();
  return Appended{AppendOutcome::kStored, info.received, info.state};
}

Result<Completed> FakeFileStore::complete(const FileId& id, const std::optional<Sha256>& expected) {
  const std::lock_guard lock(mutex_);
  C4A_TRY(Entry* const found, entry(id));
  FileInfo& info = found->info;
  if (info.state == FileState::kComplete) {
    const bool same = !expected || expected == info.checksum;
    return Completed{same ? CompleteOutcome::kComplete : CompleteOutcome::kChecksumMismatch, info};
  }
  if (info.state != FileState::kUploading) return Completed{CompleteOutcome::kClosed, info};
  if (info.received < info.size) return Completed{CompleteOutcome::kIncomplete, info};
  const Sha256 checksum = sha256_of(found->bytes);
  if (expected && expected != checksum) {
    found->bytes.clear();
    info.received = 0;
    info.state = FileState::kFailed;
    return Completed{CompleteOutcome::kChecksumMismatch, info};
  }
  info.state = FileState::kComplete;
  info.checksum = checksum;
  return Completed{CompleteOutcome::kComplete, info};
}

Result<FileState> FakeFileStore::expire(const FileId& id) {
  const std::lock_guard lock(mutex_);
  C4A_TRY(Entry* const found, entry(id));
  if (found->info.state == FileState::kUploading) {
    found->bytes.clear();
    found->info.received = 0;
    found->info.state = FileState::kExpired;
  }
  return found->info.state;
}

Result<> FakeFileStore::remove(const FileId& id) {
  const std::lock_guard lock(mutex_);
  C4A_CHECK(up());
  entries_.erase(id);
  return {};
}

Result<FileInfo> FakeFileStore::find(const FileId& id) {
  const std::lock_guard lock(mutex_);
  C4A_TRY(const Entry* const found, entry(id));
  return found->info;
}

Result<FileStatus> FakeFileStore::status(const FileId& id) {
  const std::lock_guard lock(mutex_);
  C4A_TRY(const Entry* const found, entry(id));
  FileStatus status{found->info, {}};
  for (std::uint64_t offset = 0; offset < found->bytes.size(); offset += found->info.chunk_size) {
    const auto chunk = std::string_view(found->bytes).substr(offset, found->info.chunk_size);
    status.chunks.push_back({status.chunks.size(), offset, chunk.size(), sha256_of(chunk)});
  }
  return status;
}

Result<std::unique_ptr<FileReader>> FakeFileStore::read(const FileId& id, std::uint64_t offset, std::uint64_t length) {
  const std::lock_guard lock(mutex_);
  C4A_TRY(const Entry* const found, entry(id));
  if (found->info.state != FileState::kComplete) return fail(ErrorCode::kNotFound, "The file is not complete.");
  const std::size_t from = std::min<std::uint64_t>(offset, found->bytes.size());
  return std::make_unique<StringReader>(found->bytes.substr(from, length));
}

Result<std::vector<FileId>> FakeFileStore::unfinished(FileState state, TimestampMs begun_before, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  C4A_CHECK(up());
  std::vector<FileId> found;
  for (const auto& [id, candidate] : entries_) {
    if (found.size() >= limit) break;
    if (candidate.info.state == FileState::kComplete) continue;
    if (candidate.info.state == state && candidate.info.begun_at < begun_before) found.push_back(id);
  }
  return found;
}

Result<> FakeFileStore::check() {
  const std::lock_guard lock(mutex_);
  return up();
}

}  // namespace c4a
