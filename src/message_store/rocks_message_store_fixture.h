#pragma once

// A store in a directory of its own, what a crash leaves of it, and its files.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "message_store/message_store_rows.h"
#include "message_store/rocks_message_store.h"
#include "message_store/scratch_directory.h"
#include "message_store/wal_check.h"

namespace c4a::test {

namespace fs = std::filesystem;
inline constexpr Seq kEnd{~std::uint64_t{0}};

inline std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_file(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

inline std::vector<fs::path> files_ending(const std::string& directory, const std::string& suffix) {
  std::vector<fs::path> found;
  for (const auto& file : fs::directory_iterator(directory)) {
    if (file.path().string().ends_with(suffix)) found.push_back(file.path());
  }
  std::ranges::sort(found);
  return found;
}

class RocksMessageStoreTest : public testing::Test {
 protected:
  static Result<std::unique_ptr<RocksMessageStore>> try_open(const std::string& path) {
    RocksMessageStoreOptions options;
    options.path = path;
    return RocksMessageStore::open(std::move(options));
  }
  static std::unique_ptr<RocksMessageStore> open(const std::string& path) {
    auto store = try_open(path);
    EXPECT_TRUE(store) << store.error().detail;
    return store ? std::move(*store) : nullptr;
  }
  // What kill -9 leaves at this moment: the files as they are, and no process that knows more.
  std::string after_a_crash() const {
    const std::string copy = scratch_.path() + "/copy";
    // A file of the store that goes while it is being listed ends a copy.
    std::error_code failed;
    for (int tries = 0; tries < 100; ++tries) {
      fs::remove_all(copy);
      fs::copy(path(), copy, fs::copy_options::recursive, failed);
      if (!failed) return copy;
    }
    throw fs::filesystem_error("cannot copy the store", failed);
  }
  // A store with one message a commit, after a crash. Its log has one record a commit behind the first few, and ends
  // with the last one.
  std::string crashed_store(std::uint64_t messages) {
    auto store = open(path());
    EXPECT_TRUE(store->commit(small_conversation(1, 0), {1}));
    for (std::uint64_t seq = 1; seq <= messages; ++seq) {
      Rows rows;
      rows.messages = {message(1, seq)};
      EXPECT_TRUE(store->commit(rows, {1 + seq}));
    }
    const std::string crashed = after_a_crash();
    const fs::path log = newest_log(crashed);
    fs::resize_file(log, rocks::check_wal(read_file(log)).good_bytes);
    return crashed;
  }
  static std::uint64_t last_seq(RocksMessageStore& store, int conversation = 1) {
    return (*store.conversation(conversation_id(conversation)))->last_seq.value;
  }
  static fs::path newest_log(const std::string& directory) { return files_ending(directory, ".log").back(); }

  std::string path() const { return scratch_.path() + "/store"; }

  ScratchDirectory scratch_;
};
}  // namespace c4a::test
