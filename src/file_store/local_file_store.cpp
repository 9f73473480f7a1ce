#include "file_store/local_file_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "file_store/stored_file.h"
#include "file_store/upload_record.h"

namespace c4a {

using disk::Access;
using disk::File;
using disk::StoredFile;
using disk::UploadRecord;

namespace {

constexpr std::size_t kPieceBytes = 256 << 10;

std::unexpected<Error> not_found() { return fail(ErrorCode::kNotFound, "There is no such file."); }

// Adds a range of a file to a digest, in pieces. The file must reach that far.
Result<> add_range(DigestStream& stream, const File& file, std::uint64_t offset, std::uint64_t length) {
  std::string piece(std::min<std::uint64_t>(kPieceBytes, length), '\0');
  while (length > 0) {
    const std::span<char> into(piece.data(), std::min<std::uint64_t>(piece.size(), length));
    C4A_TRY(const std::size_t got, disk::read_at(file, offset, into));
    if (got < into.size()) return fail(ErrorCode::kCorrupt, fmt::format("{} ends before its end.", file.path()));
    stream.add({into.data(), got});
    offset += got;
    length -= got;
  }
  return {};
}

// The digests of the chunks that `bytes`, put behind what was received, fill. The beginning of the first of them may be
// on the disk already.
Result<std::vector<Sha256>> digests_filled_by(const FileInfo& info, const File& part, std::string_view bytes) {
  std::vector<Sha256> digests;
  const std::uint64_t after = info.received + bytes.size();
  const std::uint64_t filled = filled_chunks(after, info.size, info.chunk_size);
  std::uint64_t at = info.received;
  for (std::uint64_t chunk = info.received / info.chunk_size; chunk < filled; ++chunk) {
    const std::uint64_t start = chunk * info.chunk_size;
    const std::uint64_t end = std::min(start + info.chunk_size, info.size);
    DigestStream stream;
    C4A_CHECK(add_range(stream, part, start, at - start));
    stream.add(bytes.substr(at - info.received, end - at));
    digests.push_back(stream.finish_sha256());
    at = end;
  }
  return digests;
}

std::vector<FileChunk> lay_out(const FileInfo& info, const std::vector<Sha256>& digests) {
  std::vector<FileChunk> chunks;
  for (std::uint64_t i = 0; i < digests.size(); ++i) {
    const std::uint64_t offset = i * info.chunk_size;
    chunks.push_back({i, offset, std::min(info.chunk_size, info.received - offset), digests[i]});
  }
  return chunks;
}

}  // namespace

// Holds the right to write one file.
class LocalFileStore::WriterClaim {
 public:
  WriterClaim(LocalFileStore& store, const FileId& id) : store_(store), id_(id) {}
  ~WriterClaim() {
    const std::lock_guard lock(store_.mutex_);
    store_.claimed_.erase(id_);
  }
  WriterClaim(const WriterClaim&) = delete;
  WriterClaim& operator=(const WriterClaim&) = delete;

 private:
  LocalFileStore& store_;
  const FileId id_;
};

// What is there of an id: one of the two.
struct LocalFileStore::Place {
  std::optional<StoredFile> stored;
  std::optional<UploadRecord> record;

  const FileInfo& info() const { return stored ? stored->info() : record->info(); }
};

LocalFileStore::LocalFileStore(LocalFileStoreOptions options)
    : layout_(std::move(options.path)), disk_(std::move(options.on_fatal), std::move(options.before_step)) {}

Result<std::unique_ptr<LocalFileStore>> LocalFileStore::open(LocalFileStoreOptions options) {
  std::unique_ptr<LocalFileStore> store(new LocalFileStore(std::move(options)));
  C4A_CHECK(store->layout_.prepare(store->disk_));
  return store;
}

Result<std::unique_ptr<LocalFileStore::WriterClaim>> LocalFileStore::claim(const FileId& id) {
  const std::lock_guard lock(mutex_);
  if (!claimed_.insert(id).second) {
    return fail(ErrorCode::kConflict, "Another request is writing this file; try again when it is done.");
  }
  return std::make_unique<WriterClaim>(*this, id);
}

Result<LocalFileStore::Place> LocalFileStore::look_up(const FileId& id, Access access) const {
  // Twice, for a file that becomes complete between the two questions.
  for (int look = 0; look < 2; ++look) {
    C4A_TRY(auto stored, StoredFile::open(layout_.file(id), id));
    if (stored) return Place{std::move(stored), std::nullopt};
    C4A_TRY(auto record, UploadRecord::open(layout_.record(id), id, access));
    if (record) return Place{std::nullopt, std::move(record)};
  }
  return not_found();
}

Result<File> LocalFileStore::open_part(const FileId& id, const FileInfo& info) const {
  C4A_TRY(auto part, disk::open_file(layout_.part(id), Access::kReadWrite));
  if (!part) return fail(ErrorCode::kCorrupt, fmt::format("{} is missing.", layout_.part(id)));
  C4A_TRY(const std::uint64_t size, disk::size_of(*part));
  if (size < info.received) return fail(ErrorCode::kCorrupt, fmt::format("{} has lost bytes.", layout_.part(id)));
  return std::move(*part);
}

Result<> LocalFileStore::begin(const NewUpload& upload) {
  C4A_CHECK(validate(upload));
  C4A_TRY(const auto claimed, claim(upload.file_id));
  const auto taken = look_up(upload.file_id, Access::kRead);
  if (taken) return fail(ErrorCode::kConflict, "A file with this id exists.");
  if (taken.error().code != ErrorCode::kNotFound) return fail(taken.error());
  C4A_CHECK(layout_.make_upload_directory(disk_, upload.file_id));
  C4A_TRY([[maybe_unused]] const File part, disk_.create(layout_.part(upload.file_id)));
  C4A_CHECK(UploadRecord::create(disk_, layout_.record(upload.file_id), upload));
  return disk_.sync_directory(layout_.upload_directory(upload.file_id));
}

Result<Appended> LocalFileStore::append(const FileId& id, std::uint64_t offset, std::string_view bytes) {
  return add(id, offset, bytes, nullptr);
}

Result<Appended> LocalFileStore::append_checked(const FileId& id, std::uint64_t offset, std::string_view bytes,
                                                const Checksum& expected) {
  return add(id, offset, bytes, &expected);
}

Result<Appended> LocalFileStore::add(const FileId& id, std::uint64_t offset, std::string_view bytes,
                                     const Checksum* expected) {
  C4A_TRY(const auto claimed, claim(id));
  C4A_TRY(Place place, look_up(id, Access::kReadWrite));
  const FileInfo& info = place.info();
  const auto answer = [&](AppendOutcome outcome) { return Appended{outcome, info.received, info.state}; };
  if (info.state != FileState::kUploading) return answer(AppendOutcome::kClosed);
  if (offset != info.received) return answer(AppendOutcome::kWrongOffset);
  if (bytes.size() > info.size - offset) return answer(AppendOutcome::kTooLong);
  if (expected != nullptr && !expected->matches(bytes)) return answer(AppendOutcome::kChecksumMismatch);
  if (!bytes.empty()) C4A_CHECK(store(id, *place.record, bytes));
  return answer(AppendOutcome::kStored);
}

Result<> LocalFileStore::store(const FileId& id, UploadRecord& record, std::string_view bytes) {
  const FileInfo info = record.info();
  C4A_TRY(const File part, open_part(id, info));
  C4A_TRY(const auto digests, digests_filled_by(info, part, bytes));
  if (auto written = disk_.write_at(part, info.received, bytes); !written) {
    // What was written of it would hold the space that a full disk needs. Should this fail too, it is written over
    // later.
    (void)disk_.truncate(part, info.received);
    return written;
  }
  C4A_CHECK(disk_.sync_data(part));
  if (!digests.empty()) C4A_CHECK(record.write_digests(disk_, info.received / info.chunk_size, digests));
  return record.advance(disk_, FileState::kUploading, info.received + bytes.size());
}

Result<Completed> LocalFileStore::complete(const FileId& id, const std::optional<Sha256>& expected) {
  C4A_TRY(const auto claimed, claim(id));
  C4A_TRY(Place place, look_up(id, Access::kReadWrite));
  const FileInfo& info = place.info();
  if (place.stored) {
    const bool same = !expected || expected == info.checksum;
    return Completed{same ? CompleteOutcome::kComplete : CompleteOutcome::kChecksumMismatch, info};
  }
  if (info.state != FileState::kUploading) return Completed{CompleteOutcome::kClosed, info};
  if (info.received < info.size) return Completed{CompleteOutcome::kIncomplete, info};
  C4A_TRY(const File part, open_part(id, info));
  DigestStream stream;
  C4A_CHECK(add_range(stream, part, 0, info.size));
  const Sha256 checksum = stream.finish_sha256();
  if (expected && expected != checksum) {
    C4A_CHECK(drop_bytes(id, *place.record, FileState::kFailed));
    return Completed{CompleteOutcome::kChecksumMismatch, info};
  }
  C4A_TRY(const FileInfo published, publish(id, *place.record, part, checksum));
  return Completed{CompleteOutcome::kComplete, published};
}

Result<FileInfo> LocalFileStore::publish(const FileId& id, const UploadRecord& record, const File& part,
                                         const Sha256& checksum) {
  FileInfo info = record.info();
  info.state = FileState::kComplete;
  info.checksum = checksum;
  C4A_TRY(const auto digests, record.read_digests(chunk_count(info.size, info.chunk_size)));
  C4A_CHECK(layout_.make_file_directory(disk_, id));
  C4A_CHECK(disk_.truncate(part, info.size));
  C4A_CHECK(disk_.write_at(part, info.size, StoredFile::encode_end(id, info, digests)));
  C4A_CHECK(disk_.sync_data(part));
  C4A_CHECK(disk_.rename(layout_.part(id), layout_.file(id)));
  C4A_CHECK(disk_.sync_directory(layout_.file_directory(id)));
  (void)disk_.remove(layout_.record(id));  // the next start tries again
  return info;
}

// The decision first: a crash between the two leaves bytes that nothing counts, and the next start removes them.
Result<> LocalFileStore::drop_bytes(const FileId& id, UploadRecord& record, FileState state) {
  C4A_CHECK(record.advance(disk_, state, 0));
  (void)disk_.remove(layout_.part(id));
  return {};
}

Result<FileState> LocalFileStore::expire(const FileId& id) {
  C4A_TRY(const auto claimed, claim(id));
  C4A_TRY(Place place, look_up(id, Access::kReadWrite));
  if (place.info().state != FileState::kUploading) return place.info().state;
  C4A_CHECK(drop_bytes(id, *place.record, FileState::kExpired));
  return FileState::kExpired;
}

Result<> LocalFileStore::remove(const FileId& id) {
  C4A_TRY(const auto claimed, claim(id));
  // The record goes first, and durably (`complete` may have removed it, but not that): without it nothing can come back
  // as an upload.
  C4A_CHECK(disk_.remove(layout_.record(id)));
  C4A_CHECK(disk_.sync_directory(layout_.upload_directory(id)));
  C4A_CHECK(disk_.remove(layout_.part(id)));
  C4A_TRY(const bool had_file, disk_.remove(layout_.file(id)));
  return had_file ? disk_.sync_directory(layout_.file_directory(id)) : Result<>{};
}

Result<FileInfo> LocalFileStore::find(const FileId& id) {
  C4A_TRY(const Place place, look_up(id, Access::kRead));
  return place.info();
}

Result<FileStatus> LocalFileStore::status(const FileId& id) {
  // A file may become complete, or go, between the look at its record and that at its bytes; then the record goes too.
  for (int look = 0; look < 3; ++look) {
    C4A_TRY(auto status, try_status(id));
    if (status) return std::move(*status);
  }
  return fail(ErrorCode::kCorrupt, fmt::format("{} is missing.", layout_.part(id)));
}

// Empty when the bytes of an upload are not where its record says.
Result<std::optional<FileStatus>> LocalFileStore::try_status(const FileId& id) const {
  C4A_TRY(const Place place, look_up(id, Access::kRead));
  const FileInfo info = place.info();
  if (place.stored) {
    C4A_TRY(const auto all, place.stored->read_digests());
    return FileStatus{info, lay_out(info, all)};
  }
  const std::uint64_t filled = filled_chunks(info.received, info.size, info.chunk_size);
  C4A_TRY(auto digests, place.record->read_digests(filled));
  const std::uint64_t start = filled * info.chunk_size;
  if (start < info.received) {
    C4A_TRY(const auto part, disk::open_file(layout_.part(id), Access::kRead));
    if (!part) return std::nullopt;
    DigestStream stream;
    C4A_CHECK(add_range(stream, *part, start, info.received - start));
    digests.push_back(stream.finish_sha256());
  }
  return FileStatus{info, lay_out(info, digests)};
}

Result<std::unique_ptr<FileReader>> LocalFileStore::read(const FileId& id, std::uint64_t offset, std::uint64_t length) {
  C4A_TRY(auto stored, StoredFile::open(layout_.file(id), id));
  if (!stored) return fail(ErrorCode::kNotFound, "There is no such complete file.");
  return std::move(*stored).reader(offset, length);
}

Result<std::vector<FileId>> LocalFileStore::unfinished(FileState state, TimestampMs begun_before, std::size_t limit) {
  std::vector<FileId> found;
  if (limit == 0) return found;
  C4A_CHECK(layout_.each_upload([&](const FileId& id) -> Result<bool> {
    C4A_TRY(const auto record, UploadRecord::open(layout_.record(id), id, Access::kRead));
    if (!record || record->info().state != state || record->info().begun_at >= begun_before) return true;
    C4A_TRY(const bool complete, disk::exists(layout_.file(id)));
    if (!complete) found.push_back(id);
    return found.size() < limit;
  }));
  return found;
}

// A real write, for a full disk answers every read.
Result<> LocalFileStore::check() {
  const std::string path = layout_.root() + "/probe";
  C4A_TRY(const File probe, disk_.create(path));
  C4A_CHECK(disk_.write_at(probe, 0, "x"));
  C4A_CHECK(disk_.remove(path));
  return {};
}

}  // namespace c4a
