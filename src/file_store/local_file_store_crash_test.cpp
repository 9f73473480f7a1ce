// A process that is killed before any step that it takes: what it leaves is copied, and a new store starts on the copy.

#include <string>
#include <vector>

#include "file_store/file_store_fixture.h"
#include "file_store/local_file_store.h"

namespace c4a {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kChunkSize = 1'000;

class LocalFileStoreCrashTest : public testing::Test {
 protected:
  // Runs `action` on a store in which `prepare` was done, and `expect` on a new store on what each step of it found.
  void kill_at_every_step(const std::function<void(FileStore&)>& prepare, const std::function<void(FileStore&)>& action,
                          const std::function<void(FileStore&)>& expect) {
    test::ScratchFolder live;
    test::ScratchFolder copies;
    int steps = 0;
    bool counting = false;
    const auto copy = [&] {
      fs::copy(live.path(), copies.path() + "/" + std::to_string(steps++), fs::copy_options::recursive);
    };
    LocalFileStoreOptions options{live.path()};
    options.before_step = [&](disk::Step, const std::string&) {
      if (counting) copy();
      return 0;
    };
    auto store = *LocalFileStore::open(std::move(options));
    prepare(*store);
    counting = true;
    action(*store);
    counting = false;
    copy();
    ASSERT_GT(steps, 1);
    for (int i = 0; i < steps; ++i) {
      SCOPED_TRACE("killed before step " + std::to_string(i) + " of " + std::to_string(steps));
      const auto opened = LocalFileStore::open({copies.path() + "/" + std::to_string(i)});
      ASSERT_TRUE(opened) << opened.error().detail;
      expect(**opened);
      expect_no_leftovers(copies.path() + "/" + std::to_string(i));
    }
  }

  // Whatever is left belongs to a file that the store knows.
  static void expect_no_leftovers(const std::string& path) {
    const auto store = *LocalFileStore::open({path});
    for (const auto& entry : fs::recursive_directory_iterator(path + "/uploads")) {
      if (!entry.is_regular_file()) continue;
      const auto id = FileId::parse(entry.path().filename().string().substr(0, 36));
      ASSERT_TRUE(id);
      const auto info = store->find(*id);
      ASSERT_TRUE(info) << entry.path();
      if (entry.path().extension() == ".part") EXPECT_EQ(info->state, FileState::kUploading);
      EXPECT_NE(info->state, FileState::kComplete);
    }
  }

  // Sends what is missing, and completes.
  void finish(FileStore& store) {
    const std::uint64_t received = store.find(id_).value().received;
    test::append(store, id_, received, std::string_view(bytes_).substr(received));
    EXPECT_EQ(store.status(id_).value().chunks, test::chunks_of(bytes_, kChunkSize));
    test::complete(store, id_, bytes_);
    EXPECT_EQ(test::read_range(store, id_), bytes_);
  }

  std::string_view piece(std::uint64_t from, std::uint64_t to) const {
    return std::string_view(bytes_).substr(from, to - from);
  }
  void start(FileStore& store) const { test::begin(store, id_, bytes_.size(), kChunkSize); }

  const FileId id_ = test::file_id(1);
  const std::string bytes_ = test::content(4'500);
};

TEST_F(LocalFileStoreCrashTest, AnUploadBeginsOrDoesNot) {
  kill_at_every_step([](FileStore&) {}, [&](FileStore& store) { start(store); },
                     [&](FileStore& store) {
                       if (!store.find(id_)) start(store);
                       finish(store);
                     });
}

TEST_F(LocalFileStoreCrashTest, AnAppendIsKeptOrIsNot) {
  kill_at_every_step(
      [&](FileStore& store) {
        start(store);
        test::append(store, id_, 0, piece(0, 700));
      },
      [&](FileStore& store) { test::append(store, id_, 700, piece(700, 3'300)); },
      [&](FileStore& store) {
        const auto status = store.status(id_).value();
        EXPECT_TRUE(status.info.received == 700 || status.info.received == 3'300) << status.info.received;
        EXPECT_EQ(status.chunks, test::chunks_of(piece(0, status.info.received), kChunkSize));
        finish(store);
      });
}

TEST_F(LocalFileStoreCrashTest, AnotherAttemptMayBringOtherBytes) {
  kill_at_every_step([&](FileStore& store) { start(store); },
                     [&](FileStore& store) { test::append(store, id_, 0, test::content(2'300, 99)); },
                     [&](FileStore& store) {
                       if (store.find(id_).value().received == 0) finish(store);
                     });
}

TEST_F(LocalFileStoreCrashTest, AFileBecomesVisibleWholeOrNotAtAll) {
  kill_at_every_step(
      [&](FileStore& store) {
        start(store);
        test::append(store, id_, 0, bytes_);
      },
      [&](FileStore& store) { test::complete(store, id_, bytes_); },
      [&](FileStore& store) {
        const auto info = store.find(id_).value();
        EXPECT_EQ(info.received, bytes_.size());
        EXPECT_EQ(store.read(id_, 0, 1).has_value(), info.state == FileState::kComplete);
        EXPECT_EQ(store.unfinished(FileState::kUploading, test::kBegun + 1, 9)->size(),
                  info.state == FileState::kComplete ? 0U : 1U);
        test::complete(store, id_, bytes_);
        EXPECT_EQ(test::read_range(store, id_), bytes_);
        EXPECT_EQ(store.status(id_).value().chunks, test::chunks_of(bytes_, kChunkSize));
      });
}

TEST_F(LocalFileStoreCrashTest, AMismatchFailsTheUploadSoonerOrLater) {
  kill_at_every_step(
      [&](FileStore& store) {
        start(store);
        test::append(store, id_, 0, bytes_);
      },
      [&](FileStore& store) { EXPECT_TRUE(store.complete(id_, sha256_of("x"))); },
      [&](FileStore& store) {
        EXPECT_NE(store.complete(id_, sha256_of("x"))->outcome, CompleteOutcome::kComplete);
        EXPECT_EQ(store.find(id_).value().state, FileState::kFailed);
      });
}

TEST_F(LocalFileStoreCrashTest, AnUploadExpiresOrGoesOn) {
  kill_at_every_step(
      [&](FileStore& store) {
        start(store);
        test::append(store, id_, 0, piece(0, 1'200));
      },
      [&](FileStore& store) { EXPECT_TRUE(store.expire(id_)); },
      [&](FileStore& store) {
        if (store.find(id_).value().state == FileState::kUploading) return finish(store);
        EXPECT_EQ(store.find(id_).value().state, FileState::kExpired);
      });
}

TEST_F(LocalFileStoreCrashTest, WhatIsRemovedDoesNotComeBackInPart) {
  const auto remove = [&](FileStore& store) { EXPECT_TRUE(store.remove(id_)); };
  kill_at_every_step(
      [&](FileStore& store) {
        start(store);
        test::append(store, id_, 0, piece(0, 1'200));
      },
      remove,
      [&](FileStore& store) {
        if (store.find(id_)) finish(store);
      });
  kill_at_every_step([&](FileStore& store) { test::put_file(store, id_, bytes_, kChunkSize); }, remove,
                     [&](FileStore& store) {
                       if (store.find(id_)) EXPECT_EQ(test::read_range(store, id_), bytes_);
                     });
}

}  // namespace
}  // namespace c4a
