// What only RocksMessageStore has: files, crashes, damage, and its logs.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <atomic>
#include <thread>

#include "message_store/message_store_rows.h"
#include "message_store/rocks_database.h"
#include "message_store/rocks_keys.h"
#include "message_store/rocks_message_store_fixture.h"
#include "message_store/row_codec.h"

namespace c4a {
namespace {

using test::files_ending;
using test::kEnd;
using test::read_file;
using test::RocksMessageStoreTest;
using test::write_file;
using testing::HasSubstr;

namespace fs = std::filesystem;

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
