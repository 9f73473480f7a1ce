#include "file_store/upload_record.h"

#include <fmt/format.h>

#include <cstring>

#include "file_store/little_endian.h"

namespace c4a::disk {
namespace {

// Slots are a page apart: a disk writes at most a page at once, so it damages at most one of them.
constexpr std::size_t kSlotAt[2] = {4096, 8192};
constexpr std::size_t kDigestsAt = 12288;
constexpr std::size_t kHeaderBytes = 64;
constexpr std::size_t kSlotBytes = 32;
constexpr std::size_t kTagBytes = sizeof(Sha256);
constexpr std::string_view kMagic("c4aupld\0", 8);
constexpr std::uint32_t kVersion = 1;

std::string encode_header(const NewUpload& upload) {
  std::string header(kMagic);
  put_number(header, kVersion);
  put_number(header, std::uint32_t{0});
  header += upload.file_id.view();
  put_number(header, upload.size);
  put_number(header, upload.chunk_size);
  put_number(header, static_cast<std::uint64_t>(upload.begun_at));
  put_number(header, std::uint64_t{0});
  return header;
}

std::string encode_slot(std::uint64_t generation, FileState state, std::uint64_t received) {
  std::string slot;
  put_number(slot, generation);
  put_number(slot, received);
  slot += static_cast<char>(state);
  slot.resize(kSlotBytes);
  return slot;
}

// The id is part of it, so that the slot of one upload is never taken for that of another.
std::string tag_of(const FileId& id, std::string_view bytes) {
  DigestStream stream;
  stream.add(id.view());
  stream.add(bytes);
  return stream.finish();
}

bool is_tagged(const FileId& id, std::string_view bytes, std::size_t size) {
  return bytes.substr(size, kTagBytes) == tag_of(id, bytes.substr(0, size));
}

}  // namespace

Result<> UploadRecord::create(const Disk& disk, const std::string& path, const NewUpload& upload) {
  const std::string fresh = path + ".new";
  const std::string header = encode_header(upload);
  const std::string slot = encode_slot(0, FileState::kUploading, 0);
  std::string bytes = header + tag_of(upload.file_id, header);
  bytes.resize(kSlotAt[0]);
  bytes += slot + tag_of(upload.file_id, slot);
  bytes.resize(kDigestsAt);
  {
    C4A_TRY(const File file, disk.create(fresh));
    C4A_CHECK(disk.write_at(file, 0, bytes));
    C4A_CHECK(disk.sync_data(file));
  }
  return disk.rename(fresh, path);
}

Result<std::optional<UploadRecord>> UploadRecord::open(const std::string& path, const FileId& id, Access access) {
  C4A_TRY(auto file, open_file(path, access));
  if (!file) return std::nullopt;
  UploadRecord record(std::move(*file), id);
  C4A_CHECK(record.load());
  return record;
}

Result<> UploadRecord::load() {
  // A reader may meet a slot that is just being written, and then the other one a moment later. The next look finds
  // one.
  for (int look = 0; look < 3; ++look) {
    std::string bytes(kDigestsAt, '\0');
    C4A_CHECK(read_at(file_, 0, bytes));
    const std::string_view header = std::string_view(bytes).substr(0, kHeaderBytes);
    if (!header.starts_with(kMagic) || get_number<std::uint32_t>(header, 8) != kVersion ||
        !is_tagged(id_, bytes, kHeaderBytes)) {
      break;
    }
    info_.size = get_number<std::uint64_t>(header, 32);
    info_.chunk_size = get_number<std::uint64_t>(header, 40);
    info_.begun_at = static_cast<TimestampMs>(get_number<std::uint64_t>(header, 48));
    const bool first = load_slot(std::string_view(bytes).substr(kSlotAt[0]));
    const bool second = load_slot(std::string_view(bytes).substr(kSlotAt[1]));
    if (first || second) return {};
  }
  info_ = FileInfo{FileState::kFailed, 0, 1, 0, 0};
  return {};
}

bool UploadRecord::load_slot(std::string_view slot) {
  if (!is_tagged(id_, slot, kSlotBytes)) return false;
  const auto generation = get_number<std::uint64_t>(slot, 0);
  if (generation < generation_) return true;
  generation_ = generation;
  info_.received = get_number<std::uint64_t>(slot, 8);
  info_.state = static_cast<FileState>(slot[16]);
  return true;
}

Result<> UploadRecord::write_digests(const Disk& disk, std::uint64_t first, std::span<const Sha256> digests) const {
  std::string bytes;
  for (const Sha256& digest : digests) bytes += view_of(digest);
  C4A_CHECK(disk.write_at(file_, kDigestsAt + first * sizeof(Sha256), bytes));
  return disk.sync_data(file_);
}

Result<std::vector<Sha256>> UploadRecord::read_digests(std::uint64_t count) const {
  std::vector<Sha256> digests(count);
  const std::span<char> into(reinterpret_cast<char*>(digests.data()), count * sizeof(Sha256));
  C4A_TRY(const std::size_t got, read_at(file_, kDigestsAt, into));
  if (got != into.size()) return fail(ErrorCode::kCorrupt, fmt::format("{} is shorter than it must be.", file_.path()));
  return digests;
}

Result<> UploadRecord::advance(const Disk& disk, FileState state, std::uint64_t received) {
  const std::string slot = encode_slot(generation_ + 1, state, received);
  C4A_CHECK(disk.write_at(file_, kSlotAt[(generation_ + 1) % 2], slot + tag_of(id_, slot)));
  C4A_CHECK(disk.sync_decision(file_));
  ++generation_;
  info_.state = state;
  info_.received = received;
  return {};
}

}  // namespace c4a::disk
