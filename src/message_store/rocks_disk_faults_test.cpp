// Disks that fill up, and disks that fail.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "message_store/message_store_rows.h"
#include "message_store/rocks_database.h"
#include "message_store/rocks_keys.h"
#include "message_store/rocks_message_store_fixture.h"
#include "message_store/row_codec.h"

namespace c4a {
namespace {

using test::files_ending;
using test::RocksMessageStoreTest;
using testing::HasSubstr;

class DiskFaultsTest : public RocksMessageStoreTest {
 protected:
  std::unique_ptr<RocksMessageStore> open_with_faults() const {
    RocksMessageStoreOptions options;
    options.path = path();
    options.faults = faults_;
    options.on_fatal = [](const std::string& what) { ADD_FAILURE() << what; };
    return std::move(*RocksMessageStore::open(std::move(options)));
  }
  // The disk has space again; the store may need a moment to notice.
  void end_full_disk(RocksMessageStore& store) const {
    faults_->write_errno = 0;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!store.check() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  }

  const std::shared_ptr<rocks::WalFaults> faults_ = std::make_shared<rocks::WalFaults>();
};

TEST_F(DiskFaultsTest, AFullDiskIsSaidAndLaterCommitsSucceedAgain) {
  {
    auto store = open_with_faults();
    ASSERT_TRUE(store->commit(test::small_conversation(1, 3), {1}));
    faults_->write_errno = ENOSPC;
    for (int attempt = 0; attempt < 3; ++attempt) {
      const auto full = store->commit(test::small_conversation(2, 3), {2});
      ASSERT_FALSE(full);
      EXPECT_EQ(full.error().code, ErrorCode::kUnavailable);
      EXPECT_THAT(full.error().detail, HasSubstr("disk is full"));
    }
    EXPECT_EQ(store->check().error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(last_seq(*store), 3U) << "reads go on";
    EXPECT_FALSE(*store->conversation(test::conversation_id(2)));
    EXPECT_EQ(store->committed_position()->value, 1U);
    end_full_disk(*store);
    const auto again = store->commit(test::small_conversation(2, 3), {2});
    ASSERT_TRUE(again) << again.error().detail;
    EXPECT_TRUE(store->check());
    EXPECT_EQ(last_seq(*open(after_a_crash()), 2), 3U);
  }
  auto store = open(path());
  EXPECT_EQ(last_seq(*store), 3U);
  EXPECT_EQ(last_seq(*store, 2), 3U);
}

TEST_F(RocksMessageStoreTest, ACommitLeavesRoomInItsLogAndANextOne) {
  RocksMessageStoreOptions options;
  options.path = path();
  options.log_bytes = 2 << 20;
  auto store = std::move(*RocksMessageStore::open(std::move(options)));
  ASSERT_TRUE(store->commit(test::small_conversation(1, 3), {1}));
  for (const char* ending : {".log", ".spare"}) {
    const auto files = files_ending(path(), ending);
    ASSERT_EQ(files.size(), 1U) << ending;
    EXPECT_EQ(std::filesystem::file_size(files.front()), std::uintmax_t{2} << 20) << ending;
  }
}

TEST_F(DiskFaultsTest, ADiskThatIsFullAtTheFirstWriteOfALogIsSaidAndLaterCommitsSucceedAgain) {
  auto store = open_with_faults();
  ASSERT_TRUE(store->commit(test::small_conversation(1, 3), {1}));
  ASSERT_TRUE(store->compact());  // nothing is in memory now, and the log is new
  faults_->write_errno = ENOSPC;
  EXPECT_EQ(store->commit(test::small_conversation(2, 3), {2}).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(store->commit(test::small_conversation(2, 3), {2}).error().code, ErrorCode::kUnavailable);
  end_full_disk(*store);
  const auto again = store->commit(test::small_conversation(2, 3), {2});
  ASSERT_TRUE(again) << again.error().detail;
  EXPECT_EQ(last_seq(*open(after_a_crash()), 2), 3U);
}

TEST_F(RocksMessageStoreTest, AFailedFsyncIsFatal) {
  const auto faults = std::make_shared<rocks::WalFaults>();
  std::string said;
  RocksMessageStoreOptions options;
  options.path = path();
  options.faults = faults;
  options.on_fatal = [&](const std::string& what) { said = what; };
  auto store = std::move(*RocksMessageStore::open(std::move(options)));
  faults->sync_errno = EIO;
  EXPECT_FALSE(store->commit(test::small_conversation(1, 3), {1}));
  EXPECT_THAT(said, HasSubstr("fdatasync of"));
}

TEST(RocksMessageStoreDeathTest, AFailedFsyncEndsTheProcess) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  const test::ScratchDirectory scratch;
  EXPECT_EXIT(
      {
        const auto faults = std::make_shared<rocks::WalFaults>();
        RocksMessageStoreOptions options;
        options.path = scratch.path();
        options.faults = faults;
        auto store = std::move(*RocksMessageStore::open(std::move(options)));
        faults->sync_errno = EIO;
        [[maybe_unused]] const auto committed = store->commit(test::small_conversation(1, 1), {1});
      },
      testing::ExitedWithCode(1), "Whether the data is on the disk is not known");
}

}  // namespace
}  // namespace c4a
