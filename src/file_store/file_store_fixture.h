#pragma once

// What the tests of this folder share.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "file_store/file_store.h"

namespace c4a::test {

inline constexpr TimestampMs kBegun = 1'700'000'000'000;
inline constexpr std::uint64_t kToTheEnd = std::numeric_limits<std::uint64_t>::max();

inline FileId file_id(int number) { return {Uuid::from_name("file " + std::to_string(number))}; }

// Bytes without a period, so that a misplaced piece shows.
inline std::string content(std::size_t size, std::uint32_t seed = 1) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) {
    seed = seed * 1'664'525 + 1'013'904'223;
    byte = static_cast<char>(seed >> 24);
  }
  return bytes;
}

inline Checksum sha256_checksum(std::string_view bytes) {
  return {DigestAlgorithm::kSha256, std::string(view_of(sha256_of(bytes)))};
}

inline Checksum sha1_checksum(std::string_view bytes) {
  DigestStream stream(DigestAlgorithm::kSha1);
  stream.add(bytes);
  return {DigestAlgorithm::kSha1, stream.finish()};
}

// The chunks of a prefix of a file, worked out anew.
inline std::vector<FileChunk> chunks_of(std::string_view received, std::uint64_t chunk_size) {
  std::vector<FileChunk> chunks;
  for (std::uint64_t at = 0; at < received.size(); at += chunk_size) {
    const auto piece = received.substr(at, chunk_size);
    chunks.push_back({at / chunk_size, at, piece.size(), sha256_of(piece)});
  }
  return chunks;
}

// All that a reader gives, in pieces of a size that divides nothing.
inline std::string read_all(FileReader& reader, std::size_t piece_size = 1'009) {
  std::string all;
  std::string piece(piece_size, '\0');
  while (true) {
    const auto got = reader.read(piece);
    if (!got) {
      ADD_FAILURE() << got.error().detail;
      return all;
    }
    if (*got == 0) return all;
    all.append(piece, 0, *got);
  }
}

inline std::string read_range(FileStore& store, const FileId& id, std::uint64_t offset = 0,
                              std::uint64_t length = kToTheEnd) {
  const auto reader = store.read(id, offset, length);
  if (!reader) {
    ADD_FAILURE() << reader.error().detail;
    return {};
  }
  return read_all(**reader);
}

inline void begin(FileStore& store, const FileId& id, std::uint64_t size, std::uint64_t chunk_size) {
  const auto begun = store.begin({id, size, chunk_size, kBegun});
  ASSERT_TRUE(begun) << begun.error().detail;
}

inline void append(FileStore& store, const FileId& id, std::uint64_t offset, std::string_view bytes) {
  const auto appended = store.append(id, offset, bytes);
  ASSERT_TRUE(appended) << appended.error().detail;
  ASSERT_EQ(appended->outcome, AppendOutcome::kStored);
  ASSERT_EQ(appended->received, offset + bytes.size());
}

inline void complete(FileStore& store, const FileId& id, std::string_view bytes) {
  const auto completed = store.complete(id, sha256_of(bytes));
  ASSERT_TRUE(completed) << completed.error().detail;
  ASSERT_EQ(completed->outcome, CompleteOutcome::kComplete);
}

inline void put_file(FileStore& store, const FileId& id, std::string_view bytes, std::uint64_t chunk_size) {
  begin(store, id, bytes.size(), chunk_size);
  append(store, id, 0, bytes);
  complete(store, id, bytes);
}

// A directory of a test's own, gone with the test. In memory unless TEST_TMPDIR says where: waiting for a real disk's
// syncs would take a hundred times as long as all else.
class ScratchFolder {
 public:
  ScratchFolder() : path_(base() + "/c4a-files-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) std::abort();
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  static std::string base() {
    const bool in_memory = std::getenv("TEST_TMPDIR") == nullptr && std::filesystem::is_directory("/dev/shm");
    return in_memory ? "/dev/shm" : testing::TempDir();
  }

  std::string path_;
};

}  // namespace c4a::test
