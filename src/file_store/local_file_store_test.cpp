// What only the local implementation can show: what lies on the disk, and what happens when the disk does not obey.

#include "file_store/local_file_store.h"

#include <cerrno>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <thread>

#include "file_store/file_store_fixture.h"
#include "file_store/local_layout.h"

namespace c4a {
namespace {

namespace fs = std::filesystem;
using disk::Step;

class LocalFileStoreTest : public testing::Test {
 protected:
  LocalFileStoreTest() { reopen(); }

  void reopen() {
    store_.reset();
    LocalFileStoreOptions options{folder_.path()};
    options.on_fatal = [this](const std::string& what) { fatal_ = what; };
    options.before_step = [this](Step step, const std::string& path) { return before_ ? before_(step, path) : 0; };
    auto opened = LocalFileStore::open(std::move(options));
    ASSERT_TRUE(opened) << opened.error().detail;
    store_ = std::move(*opened);
  }

  // Every `step` on a file with this ending fails.
  void fail_on(Step step, std::string ending, int error) {
    before_ = [=](Step now, const std::string& path) { return now == step && path.ends_with(ending) ? error : 0; };
  }

  static void overwrite(const std::string& path, std::uint64_t offset, std::string_view bytes) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    ASSERT_TRUE(file) << path;
    file.seekp(static_cast<std::streamoff>(offset));
    file << bytes;
  }

  std::vector<std::string> names_below(const std::string& directory) const {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(folder_.path() + "/" + directory)) {
      if (entry.is_regular_file()) names.push_back(entry.path().filename().string());
    }
    return names;
  }

  test::ScratchFolder folder_;
  const disk::LocalLayout layout_{folder_.path()};
  disk::StepHook before_;
  std::string fatal_;
  std::unique_ptr<LocalFileStore> store_;
  const FileId id_ = test::file_id(1);
};

TEST_F(LocalFileStoreTest, AnUploadGoesOnAfterARestart) {
  const std::string bytes = test::content(10'000);
  test::begin(*store_, id_, bytes.size(), 3'000);
  test::append(*store_, id_, 0, std::string_view(bytes).substr(0, 4'321));
  reopen();
  EXPECT_EQ(store_->status(id_)->chunks, test::chunks_of(std::string_view(bytes).substr(0, 4'321), 3'000));
  test::append(*store_, id_, 4'321, std::string_view(bytes).substr(4'321));
  reopen();
  test::complete(*store_, id_, bytes);
  reopen();
  EXPECT_EQ(test::read_range(*store_, id_), bytes);
  EXPECT_EQ(store_->status(id_)->chunks, test::chunks_of(bytes, 3'000));
}

TEST_F(LocalFileStoreTest, BytesBeyondTheRecordedLengthAreIgnored) {
  const std::string bytes = test::content(5'000);
  test::begin(*store_, id_, bytes.size(), 1'000);
  test::append(*store_, id_, 0, std::string_view(bytes).substr(0, 1'500));
  store_.reset();
  overwrite(layout_.part(id_), 1'500, std::string(9'000, 'z'));
  reopen();
  EXPECT_EQ(store_->find(id_)->received, 1'500U);
  test::append(*store_, id_, 1'500, std::string_view(bytes).substr(1'500));
  EXPECT_EQ(store_->status(id_)->chunks, test::chunks_of(bytes, 1'000));
  test::complete(*store_, id_, bytes);
  EXPECT_EQ(test::read_range(*store_, id_), bytes);
  EXPECT_EQ(fs::file_size(layout_.file(id_)), 5'000U + 5 * 32 + 160) << "bytes, digests, trailer; no garbage";
}

TEST_F(LocalFileStoreTest, ATornSlotLeavesTheOneBefore) {
  test::begin(*store_, id_, 9, 3);
  test::append(*store_, id_, 0, "abcd");
  test::append(*store_, id_, 4, "ef");  // the third slot written is the first place again
  overwrite(layout_.record(id_), 4'096 + 8, "torn");
  reopen();
  EXPECT_EQ(store_->find(id_)->received, 4U);
  test::append(*store_, id_, 4, "efghi");
  test::complete(*store_, id_, "abcdefghi");
}

TEST_F(LocalFileStoreTest, ADamagedRecordIsAFailedUploadThatCanBeFoundAndRemoved) {
  test::begin(*store_, id_, 9, 3);
  test::append(*store_, id_, 0, "abcd");
  overwrite(layout_.record(id_), 32, "damaged");
  reopen();
  EXPECT_EQ(store_->append(id_, 4, "ef")->state, FileState::kFailed);
  EXPECT_EQ(store_->status(id_)->info.state, FileState::kFailed);
  EXPECT_EQ(store_->unfinished(FileState::kFailed, test::kBegun, 9)->size(), 1U);
  EXPECT_TRUE(store_->remove(id_));
  EXPECT_TRUE(names_below("uploads").empty());
}

TEST_F(LocalFileStoreTest, BytesThatAreMissingAreReportedAsCorrupt) {
  test::begin(*store_, id_, 9, 3);
  test::append(*store_, id_, 0, "abcd");
  fs::resize_file(layout_.part(id_), 2);
  EXPECT_EQ(store_->append(id_, 4, "e").error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(store_->status(id_).error().code, ErrorCode::kCorrupt);
  fs::remove(layout_.part(id_));
  EXPECT_EQ(store_->append(id_, 4, "e").error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(store_->status(id_).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(*store_->expire(id_), FileState::kExpired);
}

TEST_F(LocalFileStoreTest, ADamagedEndOfACompleteFileIsReportedAsCorrupt) {
  const std::string bytes = test::content(5'000);
  test::put_file(*store_, id_, bytes, 1'000);
  overwrite(layout_.file(id_), 5'000 + 32, "x");
  EXPECT_EQ(store_->status(id_).error().code, ErrorCode::kCorrupt) << "the table of digests";
  EXPECT_EQ(test::read_range(*store_, id_), bytes);
  fs::resize_file(layout_.file(id_), fs::file_size(layout_.file(id_)) - 1);
  EXPECT_EQ(store_->read(id_, 0, 1).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(store_->find(id_).error().code, ErrorCode::kCorrupt);
  EXPECT_TRUE(store_->remove(id_));
}

TEST_F(LocalFileStoreTest, OnlyTheFileIsLeftWhenItIsComplete) {
  test::put_file(*store_, id_, "abc", 3);
  EXPECT_TRUE(names_below("uploads").empty());
  EXPECT_EQ(names_below("files"), std::vector{id_.str()});
  EXPECT_TRUE(store_->remove(id_));
  EXPECT_TRUE(names_below("files").empty());
}

TEST_F(LocalFileStoreTest, TheBytesOfAFailedAndOfAnExpiredUploadAreGone) {
  for (int i = 1; i <= 2; ++i) {
    test::begin(*store_, test::file_id(i), 3, 3);
    test::append(*store_, test::file_id(i), 0, "abc");
  }
  EXPECT_EQ(store_->complete(test::file_id(1), sha256_of("x"))->outcome, CompleteOutcome::kChecksumMismatch);
  EXPECT_TRUE(store_->expire(test::file_id(2)));
  EXPECT_FALSE(fs::exists(layout_.part(test::file_id(1))));
  EXPECT_FALSE(fs::exists(layout_.part(test::file_id(2))));
}

TEST_F(LocalFileStoreTest, AReaderGoesOnWhenItsFileIsRemoved) {
  const std::string bytes = test::content(5'000);
  test::put_file(*store_, id_, bytes, 5'000);
  const auto reader = *store_->read(id_, 0, test::kToTheEnd);
  EXPECT_TRUE(store_->remove(id_));
  EXPECT_EQ(test::read_all(*reader), bytes);
}

TEST_F(LocalFileStoreTest, AWriterBesideAnotherIsAConflictAndAReaderIsNot) {
  test::begin(*store_, id_, 6, 3);
  test::append(*store_, id_, 0, "ab");
  std::mutex mutex;
  std::condition_variable changed;
  bool inside = false;
  bool go_on = false;
  before_ = [&](Step step, const std::string& path) {
    if (step != Step::kSync || !path.ends_with(".part")) return 0;
    std::unique_lock lock(mutex);
    inside = true;
    changed.notify_all();
    changed.wait(lock, [&] { return go_on; });
    return 0;
  };
  std::thread writer([&] { test::append(*store_, id_, 2, "cd"); });
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return inside; });
  }
  EXPECT_EQ(store_->append(id_, 2, "xy").error().code, ErrorCode::kConflict);
  EXPECT_EQ(store_->append_checked(id_, 2, "xy", test::sha256_checksum("xy")).error().code, ErrorCode::kConflict);
  EXPECT_EQ(store_->complete(id_, {}).error().code, ErrorCode::kConflict);
  EXPECT_EQ(store_->expire(id_).error().code, ErrorCode::kConflict);
  EXPECT_EQ(store_->remove(id_).error().code, ErrorCode::kConflict);
  EXPECT_EQ(store_->status(id_)->chunks, test::chunks_of("ab", 3));
  test::begin(*store_, test::file_id(2), 1, 1);
  {
    const std::lock_guard lock(mutex);
    go_on = true;
    changed.notify_all();
  }
  writer.join();
  before_ = nullptr;
  test::append(*store_, id_, 4, "ef");
  test::complete(*store_, id_, "abcdef");
}

TEST_F(LocalFileStoreTest, AFullDiskIsUnavailableAndTheUploadGoesOnWhenThereIsSpace) {
  const std::string bytes = test::content(3'000);
  test::begin(*store_, id_, bytes.size(), 1'000);
  const struct {
    Step step;
    const char* ending;
  } places[] = {{Step::kWrite, ".part"}, {Step::kSync, ".part"}, {Step::kWrite, ".state"}};
  std::uint64_t received = 0;
  for (const auto& place : places) {
    const auto next = std::string_view(bytes).substr(received, 1'000);
    fail_on(place.step, place.ending, ENOSPC);
    const auto appended = store_->append(id_, received, next);
    ASSERT_FALSE(appended);
    EXPECT_EQ(appended.error().code, ErrorCode::kUnavailable);
    EXPECT_NE(appended.error().detail.find("disk is full"), std::string::npos);
    EXPECT_EQ(store_->find(id_)->received, received);
    before_ = nullptr;
    test::append(*store_, id_, received, next);
    received += 1'000;
  }
  fail_on(Step::kWrite, ".part", EDQUOT);
  EXPECT_EQ(store_->complete(id_, sha256_of(bytes)).error().code, ErrorCode::kUnavailable);
  before_ = nullptr;
  test::complete(*store_, id_, bytes);
  EXPECT_EQ(fatal_, "");
}

TEST_F(LocalFileStoreTest, AFullDiskShowsInTheCheck) {
  EXPECT_TRUE(store_->check());
  fail_on(Step::kWrite, "/probe", ENOSPC);
  EXPECT_EQ(store_->check().error().code, ErrorCode::kUnavailable);
}

TEST_F(LocalFileStoreTest, AnUploadThatCouldNotBeginCanBeginAgain) {
  for (const auto& [step, ending] : {std::pair{Step::kCreate, ".part"},
                                     {Step::kCreate, ".new"},
                                     {Step::kWrite, ".new"},
                                     {Step::kSync, ".new"},
                                     {Step::kRename, ".new"}}) {
    fail_on(step, ending, ENOSPC);
    EXPECT_EQ(store_->begin({id_, 3, 3, 0}).error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(store_->find(id_).error().code, ErrorCode::kNotFound);
  }
  before_ = nullptr;
  reopen();
  EXPECT_TRUE(names_below("uploads").empty()) << "what was half made is cleared";
  test::put_file(*store_, id_, "abc", 3);
}

TEST_F(LocalFileStoreTest, AFailedSyncIsFatal) {
  test::begin(*store_, id_, 6, 3);
  for (const char* ending : {".part", ".state"}) {
    fatal_.clear();
    fail_on(Step::kSync, ending, EIO);
    EXPECT_EQ(store_->append(id_, store_->find(id_)->received, "abc").error().code, ErrorCode::kUnavailable);
    EXPECT_NE(fatal_.find(ending), std::string::npos) << fatal_;
  }
}

TEST_F(LocalFileStoreTest, ASyncThatDecidesIsFatalOnAFullDiskToo) {
  test::begin(*store_, id_, 6, 3);
  fail_on(Step::kSync, ".state", ENOSPC);
  EXPECT_FALSE(store_->append(id_, 0, "ab")) << "fills no chunk, so the only sync of the record decides";
  EXPECT_NE(fatal_, "");
}

TEST(LocalFileStoreDeathTest, ByDefaultAFailedSyncEndsTheProcess) {
  test::ScratchFolder folder;
  LocalFileStoreOptions options{folder.path()};
  options.before_step = [](Step step, const std::string& path) {
    return step == Step::kSync && path.ends_with(".part") ? EIO : 0;
  };
  const auto store = *LocalFileStore::open(std::move(options));
  test::begin(*store, test::file_id(1), 3, 3);
  EXPECT_EXIT((void)store->append(test::file_id(1), 0, "abc"), testing::ExitedWithCode(1),
              "chat4all: Writing to .* failed");
}

TEST_F(LocalFileStoreTest, ADirectoryOfANewerVersionIsRefused) {
  store_.reset();
  overwrite(folder_.path() + "/format", 0, "chat4all file_store 2\n");
  const auto opened = LocalFileStore::open({folder_.path()});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt);
}

TEST_F(LocalFileStoreTest, ADirectoryThatCannotBeMadeIsUnavailable) {
  std::ofstream(folder_.path() + "/file") << "x";
  EXPECT_EQ(LocalFileStore::open({folder_.path() + "/file/below"}).error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace c4a
