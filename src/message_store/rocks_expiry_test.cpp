// Retention: what is hidden at once, and what compaction drops.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include "message_store/message_store_rows.h"
#include "message_store/rocks_database.h"
#include "message_store/rocks_keys.h"
#include "message_store/rocks_message_store_fixture.h"
#include "message_store/row_codec.h"

namespace c4a {
namespace {

using test::kEnd;
using test::RocksMessageStoreTest;

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

}  // namespace
}  // namespace c4a
