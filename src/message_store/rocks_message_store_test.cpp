// What only RocksMessageStore has: files, crashes, damage, disks that fill up, and compaction.

#include "message_store/rocks_message_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <thread>

#include "message_store/message_store_rows.h"
#include "message_store/rocks_database.h"
#include "message_store/rocks_keys.h"
#include "message_store/row_codec.h"
#include "message_store/scratch_directory.h"
#include "message_store/wal_check.h"

namespace c4a {
namespace {

using testing::HasSubstr;

namespace fs = std::filesystem;
constexpr Seq kEnd{~std::uint64_t{0}};

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

std::vector<fs::path> files_ending(const std::string& directory, const std::string& suffix) {
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
    fs::remove_all(copy);
    fs::copy(path(), copy, fs::copy_options::recursive);
    return copy;
  }
  // A store with one message a commit, after a crash. Its log has one record a commit behind the first few, and ends with
  // the last one.
  std::string crashed_store(std::uint64_t messages) {
    auto store = open(path());
    EXPECT_TRUE(store->commit(test::small_conversation(1, 0), {1}));
    for (std::uint64_t seq = 1; seq <= messages; ++seq) {
      Rows rows;
      rows.messages = {test::message(1, seq)};
      EXPECT_TRUE(store->commit(rows, {1 + seq}));
    }
    const std::string crashed = after_a_crash();
    const fs::path log = newest_log(crashed);
    fs::resize_file(log, rocks::check_wal(read_file(log)).good_bytes);
    return crashed;
  }
  static std::uint64_t last_seq(RocksMessageStore& store, int conversation = 1) {
    return (*store.conversation(test::conversation_id(conversation)))->last_seq.value;
  }
  static fs::path newest_log(const std::string& directory) { return files_ending(directory, ".log").back(); }

  std::string path() const { return scratch_.path() + "/store"; }

  test::ScratchDirectory scratch_;
};

TEST_F(RocksMessageStoreTest, ReopeningKeepsEverything) {
  {
    auto store = open(path());
    Rows rows = test::small_conversation(1, 5);
    rows.progress = {test::progress(1, "bob", 4, 2)};
    rows.reactions = {test::reaction(1, 1, "a", "bob")};
    rows.receipts = {test::receipt("alice", 1, 0)};
    ASSERT_TRUE(store->commit(rows, {42}));
    ASSERT_TRUE(store->put_device({"bob"}, {{"phone"}, 1, 2, {}}));
  }
  auto store = open(path());
  EXPECT_EQ(store->committed_position()->value, 42U);
  EXPECT_EQ(last_seq(*store), 5U);
  EXPECT_EQ(store->messages_after(test::conversation_id(1), {}, kEnd, 9)->size(), 5U);
  EXPECT_EQ(store->progress(test::conversation_id(1), {"bob"})->delivered.value, 4U);
  EXPECT_EQ(store->reactions(test::conversation_id(1), {1})->size(), 1U);
  EXPECT_EQ(store->receipts_after({"alice"}, {}, kEndOfLog, 9)->size(), 1U);
  EXPECT_EQ(store->devices({"bob"})->size(), 1U);
}

TEST_F(RocksMessageStoreTest, ADeviceThatWasDroppedDoesNotComeBackFromWhatWaited) {
  {
    auto store = open(path());
    for (int i = 0; i < 3000; ++i) ASSERT_TRUE(store->put_device({"u" + std::to_string(i)}, {{"phone"}, 1, i, {}}));
    ASSERT_TRUE(store->drop_device({"u7"}, {"phone"}));
    EXPECT_TRUE(store->devices({"u7"})->empty());
    EXPECT_EQ(store->devices({"u2999"})->at(0).last_seen, 2999);
  }
  auto store = open(path());
  EXPECT_TRUE(store->devices({"u7"})->empty());
  for (const int i : {0, 6, 8, 2999}) EXPECT_EQ(store->devices({"u" + std::to_string(i)})->at(0).last_seen, i);
}

TEST_F(RocksMessageStoreTest, AfterACrashEveryCommitThatReturnedIsThere) {
  auto store = open(crashed_store(200));
  EXPECT_EQ(last_seq(*store), 200U);
  EXPECT_EQ(store->committed_position()->value, 201U);
}

TEST_F(RocksMessageStoreTest, AShortLastRecordWasNeverAcknowledgedAndIsCutOff) {
  const std::string crashed = crashed_store(20);
  const fs::path log = newest_log(crashed);
  fs::resize_file(log, fs::file_size(log) - 3);
  {
    auto store = open(crashed);
    EXPECT_EQ(last_seq(*store), 19U);
    EXPECT_EQ(store->committed_position()->value, 20U);
    Rows rows;
    rows.messages = {test::message(1, 20)};
    EXPECT_TRUE(store->commit(rows, {21}));
  }
  EXPECT_EQ(last_seq(*open(crashed)), 20U);
}

TEST_F(RocksMessageStoreTest, ATornLastRecordIsCutOffToo) {
  const std::string crashed = crashed_store(20);
  const fs::path log = newest_log(crashed);
  std::string bytes = read_file(log);
  bytes.replace(bytes.size() - 60, 50, std::string(50, '\0'));
  write_file(log, bytes + std::string(100'000, '\0'));
  EXPECT_EQ(last_seq(*open(crashed)), 19U);
}

TEST_F(RocksMessageStoreTest, DamageBeforeAcknowledgedCommitsIsRefusedAndTheFileNamed) {
  const std::string crashed = crashed_store(20);
  const fs::path log = newest_log(crashed);
  std::string bytes = read_file(log);
  bytes[bytes.size() / 2] ^= 0x55;
  write_file(log, bytes);
  const auto store = try_open(crashed);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(store.error().detail, HasSubstr(log.filename().string()));
  EXPECT_EQ(read_file(log), bytes) << "a refused log is left as it is";
}

TEST_F(RocksMessageStoreTest, ADamagedTableFileIsReportedWithItsName) {
  {
    auto store = open(path());
    ASSERT_TRUE(store->commit(test::small_conversation(1, 2'000), {1}));
    ASSERT_TRUE(store->compact());
  }
  for (const fs::path& table : files_ending(path(), ".sst")) {
    std::string bytes = read_file(table);
    for (std::size_t at = 0; at < bytes.size() / 2; at += 100) bytes[at] ^= 0x55;
    write_file(table, bytes);
  }
  const auto store = try_open(path());
  const auto answer = store ? (*store)->messages_after(test::conversation_id(1), {}, kEnd, 9'999)
                            : Result<std::vector<Message>>(std::unexpected(store.error()));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(answer.error().detail, HasSubstr(".sst"));
}

TEST_F(RocksMessageStoreTest, ASecondOpenerIsRefused) {
  const auto first = open(path());
  const auto second = try_open(path());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(second.error().detail, HasSubstr("is in use by another process"));
  EXPECT_THAT(second.error().detail, HasSubstr(path()));
}

TEST_F(RocksMessageStoreTest, ADirectoryThatCannotBeMadeIsAnError) {
  write_file(scratch_.path() + "/file", "x");
  const auto store = try_open(scratch_.path() + "/file/store");
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, ErrorCode::kUnavailable);
}

TEST_F(RocksMessageStoreTest, ANewerFormatIsRefusedWithASentence) {
  {
    RocksMessageStoreOptions options;
    options.path = path();
    const auto database = std::move(*rocks::Database::open(std::move(options)));
    rocksdb::WriteBatch batch;
    std::string value;
    rocks::put_number(value, rocks::kFormatVersion + 1);
    batch.Put(rocks::slice(rocks::kFormatKey), value);
    ASSERT_TRUE(database->write(batch));
  }
  const auto store = try_open(path());
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(store.error().detail,
              HasSubstr("was written by a newer version of Chat4All (format 3, this one knows 2)"));
}

TEST_F(RocksMessageStoreTest, AnUnknownColumnFamilyIsRefusedWithASentence) {
  {
    RocksMessageStoreOptions options;
    options.path = path();
    const auto database = std::move(*rocks::Database::open(std::move(options)));
    rocksdb::ColumnFamilyHandle* handle = nullptr;
    ASSERT_TRUE(database->db().CreateColumnFamily({}, "holograms", &handle).ok());
    database->db().DestroyColumnFamilyHandle(handle);
  }
  const auto store = try_open(path());
  ASSERT_FALSE(store);
  EXPECT_THAT(store.error().detail, HasSubstr("newer version of Chat4All (it holds 'holograms')"));
}

TEST_F(RocksMessageStoreTest, ARowOfANewerVersionIsReportedWithItsPlace) {
  {
    RocksMessageStoreOptions options;
    options.path = path();
    const auto database = std::move(*rocks::Database::open(std::move(options)));
    rocksdb::WriteBatch batch;
    batch.Put(database->family(rocks::Family::kMessages),
              rocks::slice(rocks::KeyWriter().message(test::conversation_id(1), {1})), "\x02later");
    ASSERT_TRUE(database->write(batch));
  }
  auto store = open(path());
  const auto message = store->message(test::conversation_id(1), Seq{1});
  ASSERT_FALSE(message);
  EXPECT_EQ(message.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(message.error().detail, HasSubstr("of 'messages'"));
}

TEST_F(RocksMessageStoreTest, AFullDiskIsSaidAndLaterCommitsSucceedAgain) {
  const auto faults = std::make_shared<rocks::WalFaults>();
  {
    RocksMessageStoreOptions options;
    options.path = path();
    options.faults = faults;
    options.on_fatal = [](const std::string& what) { ADD_FAILURE() << what; };
    auto store = std::move(*RocksMessageStore::open(std::move(options)));
    ASSERT_TRUE(store->commit(test::small_conversation(1, 3), {1}));
    faults->write_errno = ENOSPC;
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
    faults->write_errno = 0;
    // RocksDB notices the space within 5 s.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!store->check() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
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
  options.log_bytes = 1 << 20;
  auto store = std::move(*RocksMessageStore::open(std::move(options)));
  ASSERT_TRUE(store->commit(test::small_conversation(1, 3), {1}));
  for (const char* ending : {".log", ".spare"}) {
    const auto files = files_ending(path(), ending);
    ASSERT_EQ(files.size(), 1U) << ending;
    EXPECT_EQ(std::filesystem::file_size(files.front()), std::uintmax_t{1} << 20) << ending;
  }
}

TEST_F(RocksMessageStoreTest, ADiskThatIsFullAtTheFirstWriteOfALogIsSaidAndLaterCommitsSucceedAgain) {
  const auto faults = std::make_shared<rocks::WalFaults>();
  RocksMessageStoreOptions options;
  options.path = path();
  options.faults = faults;
  options.on_fatal = [](const std::string& what) { ADD_FAILURE() << what; };
  auto store = std::move(*RocksMessageStore::open(std::move(options)));
  ASSERT_TRUE(store->commit(test::small_conversation(1, 3), {1}));
  ASSERT_TRUE(store->compact());  // nothing is in memory now, and the log is new
  faults->write_errno = ENOSPC;
  EXPECT_EQ(store->commit(test::small_conversation(2, 3), {2}).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(store->commit(test::small_conversation(2, 3), {2}).error().code, ErrorCode::kUnavailable);
  faults->write_errno = 0;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!store->check() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
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

class ExpiryTest : public RocksMessageStoreTest {
 protected:
  // Rows in a family, as the files have them.
  std::size_t rows_in(rocks::Family family) const {
    RocksMessageStoreOptions options;
    options.path = path();
    const auto database = std::move(*rocks::Database::open(std::move(options)));
    rocksdb::ReadOptions all;
    all.total_order_seek = true;
    const std::unique_ptr<rocksdb::Iterator> rows(database->db().NewIterator(all, database->family(family)));
    std::size_t count = 0;
    for (rows->SeekToFirst(); rows->Valid(); rows->Next()) ++count;
    return count;
  }

  // An empty store as builds made it that knew format 1 only.
  void make_store_of_format_1() const {
    RocksMessageStoreOptions options;
    options.path = path();
    const auto database = std::move(*rocks::Database::open(std::move(options)));
    rocksdb::WriteBatch batch;
    std::string value;
    rocks::put_number(value, 1);
    batch.Put(rocks::slice(rocks::kFormatKey), value);
    batch.Delete(rocks::slice(rocks::kFloorsKey));
    ASSERT_TRUE(database->write(batch));
  }
};

TEST_F(ExpiryTest, CompactionDropsWhatHasExpired) {
  {
    auto store = open(path());
    Rows rows = test::small_conversation(1, 100);
    rows.messages[2].request_delivery_receipt = true;
    rows.messages[92].request_delivery_receipt = true;
    rows.moves = {test::move(1, "bob", HorizonMove::Kind::kRead, 10),
                  test::move(1, "bob", HorizonMove::Kind::kRead, 95)};
    rows.moves[0].at -= rocks::kLogMarginMs;
    rows.changes = {test::change(1, 1)};
    rows.changes[0].at = 1;
    ASSERT_TRUE(store->commit(rows, {1}));
    store->expire_before(test::kStart + 91);
    ASSERT_TRUE(store->compact());
    EXPECT_EQ(store->messages_after(test::conversation_id(1), {}, kEnd, 999)->size(), 10U);
  }
  EXPECT_EQ(rows_in(rocks::Family::kMessages), 10U);
  EXPECT_EQ(rows_in(rocks::Family::kIds), 10U);
  EXPECT_EQ(rows_in(rocks::Family::kLog), 4U) << "one move, one change, and both markers, which are within the margin";
}

TEST_F(ExpiryTest, TheNumberingSurvivesTheLastMessageOfAConversation) {
  {
    auto store = open(path());
    ASSERT_TRUE(store->commit(test::small_conversation(1, 3), {1}));
    store->expire_before(test::kStart + 1'000);
    ASSERT_TRUE(store->compact());
  }
  EXPECT_EQ(rows_in(rocks::Family::kMessages), 0U);
  EXPECT_EQ(last_seq(*open(path())), 3U);
}

TEST_F(ExpiryTest, AStoreOfFormat1HasNoFloorsUntilMessagesExpire) {
  make_store_of_format_1();
  ASSERT_TRUE(open(path())->commit(test::small_conversation(1, 3), {1}));
  EXPECT_EQ(rows_in(rocks::Family::kHeads), 3U) << "the conversation and its two members";
  auto store = open(path());
  EXPECT_EQ(last_seq(*store), 3U);
  EXPECT_EQ((*store->load(test::conversation_id(1)))->head.last_seq.value, 3U);
}

TEST_F(ExpiryTest, TheNumberingSurvivesTheLastMessageOfAConversationOfFormat1) {
  make_store_of_format_1();
  {
    auto store = open(path());
    for (int number = 1; number <= 600; ++number) {
      ASSERT_TRUE(store->commit(test::small_conversation(number, 3), {static_cast<std::uint64_t>(number)}));
    }
    store->expire_before(test::kStart + 1'000);
    ASSERT_TRUE(store->compact());
    EXPECT_EQ(last_seq(*store, 1), 3U);
    EXPECT_EQ((*store->load(test::conversation_id(600)))->head.last_seq.value, 3U);
  }
  EXPECT_EQ(rows_in(rocks::Family::kMessages), 0U);
  EXPECT_EQ(last_seq(*open(path()), 300), 3U);
}

TEST_F(ExpiryTest, AnEditDoesNotTakeTheNumberingBack) {
  auto store = open(path());
  store->expire_before(test::kStart);
  ASSERT_TRUE(store->commit(test::small_conversation(1, 9), {1}));
  Rows edit;
  edit.messages = {test::message(1, 2)};
  ASSERT_TRUE(store->commit(edit, {2}));
  store->expire_before(test::kStart + 1'000);
  ASSERT_TRUE(store->compact());
  EXPECT_EQ(last_seq(*store), 9U);
}

TEST_F(ExpiryTest, TheCutoffSurvivesAReopen) {
  {
    auto store = open(path());
    ASSERT_TRUE(store->commit(test::small_conversation(1, 9), {1}));
    store->expire_before(test::kStart + 5);
  }
  auto store = open(path());
  EXPECT_EQ(store->messages_after(test::conversation_id(1), {}, kEnd, 99)->size(), 5U);
}

TEST_F(RocksMessageStoreTest, OldLogsAreWrittenOverAndNothingIsLost) {
  RocksMessageStoreOptions options;
  options.path = path();
  options.log_bytes = 256 << 10;
  auto store = std::move(*RocksMessageStore::open(std::move(options)));
  std::uint64_t seq = 0;
  bool spare_seen = false;
  // Long enough that logs were taken, filled with zeros and taken again.
  for (std::uint64_t commit = 1; commit <= 3'000; ++commit) {
    Rows rows;
    if (commit == 1) rows = test::small_conversation(1, 0);
    for (int i = 0; i < 5; ++i) rows.messages.push_back(test::message(1, ++seq));
    ASSERT_TRUE(store->commit(rows, {commit}));
    if (commit % 50 == 0) spare_seen |= !files_ending(path(), ".spare").empty();
  }
  EXPECT_TRUE(spare_seen);
  ASSERT_TRUE(store->compact());  // until then files come and go while they are copied
  Rows rows;
  rows.messages = {test::message(1, ++seq)};
  ASSERT_TRUE(store->commit(rows, {3'001}));
  auto crashed = open(after_a_crash());
  EXPECT_EQ(last_seq(*crashed), seq);
  EXPECT_EQ(crashed->committed_position()->value, 3'001U);
  EXPECT_EQ(crashed->messages_after(test::conversation_id(1), {}, kEnd, 99'999)->size(), seq);
}

TEST_F(RocksMessageStoreTest, ReadersSeeNoHolesWhileCommitsGoOn) {
  RocksMessageStoreOptions options;
  options.path = path();
  options.log_bytes = 128 << 10;  // so that memtables are flushed under way
  auto store = std::move(*RocksMessageStore::open(std::move(options)));
  ASSERT_TRUE(store->commit(test::small_conversation(1, 0), {1}));
  constexpr std::uint64_t kCommits = 800;
  std::atomic<std::uint64_t> returned{0};
  const auto read = [&] {
    while (returned.load() < kCommits) {
      const std::uint64_t at_least = returned.load();
      const auto messages = store->messages_after(test::conversation_id(1), {}, kEnd, 100'000);
      ASSERT_TRUE(messages);
      ASSERT_GE(messages->size(), at_least);
      for (std::size_t i = 0; i < messages->size(); ++i) ASSERT_EQ((*messages)[i].seq.value, i + 1);
      ASSERT_GE((*store->load(test::conversation_id(1)))->head.last_seq.value, at_least);
      if (at_least > 0) ASSERT_TRUE(*store->message(test::conversation_id(1), test::message(1, at_least).message_id));
    }
  };
  std::thread first(read);
  std::thread second(read);
  for (std::uint64_t seq = 1; seq <= kCommits; ++seq) {
    Rows rows;
    rows.messages = {test::message(1, seq)};
    EXPECT_TRUE(store->commit(rows, {seq}));
    returned = seq;
  }
  first.join();
  second.join();
}

}  // namespace
}  // namespace c4a
