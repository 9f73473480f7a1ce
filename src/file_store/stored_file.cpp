#include "file_store/stored_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "file_store/little_endian.h"

namespace c4a::disk {
namespace {

constexpr std::string_view kMagic("c4afile\0", 8);
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kTrailerBytes = 128;  // and its digest behind it
constexpr std::size_t kTagBytes = sizeof(Sha256);

std::string table_of(const std::vector<Sha256>& digests) {
  std::string table;
  for (const Sha256& digest : digests) table += view_of(digest);
  return table;
}

Sha256 sha256_at(std::string_view bytes, std::size_t offset) {
  Sha256 digest;
  std::memcpy(digest.data(), bytes.data() + offset, digest.size());
  return digest;
}

class RangeReader final : public FileReader {
 public:
  RangeReader(File file, std::uint64_t offset, std::uint64_t length)
      : file_(std::move(file)), offset_(offset), remaining_(length) {}

  std::uint64_t remaining() const override { return remaining_; }

  Result<std::size_t> read(std::span<char> into) override {
    const std::size_t wanted = std::min<std::uint64_t>(into.size(), remaining_);
    C4A_TRY(const std::size_t got, read_at(file_, offset_, into.first(wanted)));
    if (got < wanted) return fail(ErrorCode::kCorrupt, fmt::format("{} ends before its end.", file_.path()));
    offset_ += got;
    remaining_ -= got;
    return got;
  }

 private:
  File file_;
  std::uint64_t offset_;
  std::uint64_t remaining_;
};

}  // namespace

std::string StoredFile::encode_end(const FileId& id, const FileInfo& info, const std::vector<Sha256>& digests) {
  const std::string table = table_of(digests);
  std::string trailer(kMagic);
  put_number(trailer, kVersion);
  put_number(trailer, std::uint32_t{0});
  trailer += id.view();
  put_number(trailer, info.size);
  put_number(trailer, info.chunk_size);
  put_number(trailer, static_cast<std::uint64_t>(info.begun_at));
  trailer += view_of(*info.checksum);
  trailer += view_of(sha256_of(table));
  trailer.resize(kTrailerBytes);
  return table + trailer + std::string(view_of(sha256_of(trailer)));
}

Result<std::optional<StoredFile>> StoredFile::open(const std::string& path, const FileId& id) {
  C4A_TRY(auto file, open_file(path, Access::kRead));
  if (!file) return std::nullopt;
  StoredFile stored(std::move(*file));
  C4A_CHECK(stored.load(id));
  return stored;
}

Result<> StoredFile::load(const FileId& id) {
  std::string end(kTrailerBytes + kTagBytes, '\0');
  C4A_TRY(const std::uint64_t all, size_of(file_));
  if (all < end.size()) return damaged();
  C4A_TRY(const std::size_t got, read_at(file_, all - end.size(), end));
  const std::string_view trailer = std::string_view(end).substr(0, kTrailerBytes);
  if (got != end.size() || !trailer.starts_with(kMagic) || get_number<std::uint32_t>(trailer, 8) != kVersion ||
      trailer.substr(16, 16) != id.view() ||
      view_of(sha256_of(trailer)) != std::string_view(end).substr(kTrailerBytes)) {
    return damaged();
  }
  info_.state = FileState::kComplete;
  info_.size = info_.received = get_number<std::uint64_t>(trailer, 32);
  info_.chunk_size = get_number<std::uint64_t>(trailer, 40);
  info_.begun_at = static_cast<TimestampMs>(get_number<std::uint64_t>(trailer, 48));
  info_.checksum = sha256_at(trailer, 56);
  digests_tag_ = sha256_at(trailer, 88);
  const std::uint64_t table_bytes = chunk_count(info_.size, info_.chunk_size) * sizeof(Sha256);
  if (all != info_.size + table_bytes + end.size()) return damaged();
  return {};
}

Result<std::vector<Sha256>> StoredFile::read_digests() const {
  std::vector<Sha256> digests(chunk_count(info_.size, info_.chunk_size));
  const std::span<char> into(reinterpret_cast<char*>(digests.data()), digests.size() * sizeof(Sha256));
  C4A_TRY(const std::size_t got, read_at(file_, info_.size, into));
  if (got != into.size() || sha256_of({into.data(), got}) != digests_tag_) return damaged();
  return digests;
}

std::unique_ptr<FileReader> StoredFile::reader(std::uint64_t offset, std::uint64_t length) && {
  const std::uint64_t from = std::min(offset, info_.size);
  return std::make_unique<RangeReader>(std::move(file_), from, std::min(length, info_.size - from));
}

std::unexpected<Error> StoredFile::damaged() const {
  return fail(ErrorCode::kCorrupt,
              fmt::format("The end of {} is damaged, or of a newer version of Chat4All.", file_.path()));
}

}  // namespace c4a::disk
