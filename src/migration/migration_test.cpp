// An installation copied between two stores of the embedded kind; the e2e suite does it into the distributed ones.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "message_store/message_store_rows.h"
#include "message_store/rocks_message_store.h"
#include "message_store/scratch_directory.h"
#include "migration/compare.h"
#include "migration/conversation_reader.h"

namespace c4a {
namespace {

using testing::HasSubstr;

constexpr LogPosition kPosition{900};

class Side {
 public:
  Side() : store_(std::move(*RocksMessageStore::open(options()))) {}
  RocksMessageStore& store() { return *store_; }
  RocksMessageStore* operator->() { return store_.get(); }

 private:
  RocksMessageStoreOptions options() const {
    RocksMessageStoreOptions options;
    options.path = scratch_.path();
    return options;
  }

  test::ScratchDirectory scratch_;
  std::unique_ptr<RocksMessageStore> store_;
};

// 1: 1,000 messages and all that can happen to them; 2: small; 3: deleted.
void fill(RocksMessageStore& store) {
  Rows rows = test::small_conversation(1, 1000);
  rows.conversations[0].version = {3};
  rows.messages[4].request_delivery_receipt = true;
  rows.messages[5].payload.clear();
  rows.messages[5].deleted_at = test::kStart + 9;
  rows.progress = {test::progress(1, "alice", 1000, 900), test::progress(1, "bob", 7, 3)};
  rows.moves = {test::move(1, "bob", HorizonMove::Kind::kDelivered, 5),
                test::move(1, "bob", HorizonMove::Kind::kDelivered, 7),
                test::move(1, "bob", HorizonMove::Kind::kRead, 3)};
  rows.changes = {test::change(1, 2), test::change(1, 3)};
  rows.reactions = {test::reaction(1, 4, "👍", "bob"), test::reaction(1, 900, "👎", "alice")};
  rows.receipts = {test::receipt("alice", 77, 0), test::receipt("alice", 77, 1)};
  rows.private_pairs = {{{"alice"}, {"carol"}, 2}};
  ASSERT_TRUE(store.commit(rows, {100}));
  ASSERT_TRUE(store.commit(test::small_conversation(2, 3), {101}));
  Rows deleted;
  deleted.conversations = {test::conversation(3)};
  deleted.conversations[0].deleted = true;
  ASSERT_TRUE(store.commit(deleted, {102}));
  ASSERT_TRUE(store.put_device({"bob"}, {{"phone"}, 1, 2, {{{77}, 1}}}));
}

class MigrationTest : public testing::Test {
 protected:
  void SetUp() override { fill(from_.store()); }

  Result<> copy() { return copy_messages({from_.store(), to_.store(), users_, kPosition, 0, nullptr}); }
  Comparison compare() {
    Comparison comparison;
    EXPECT_TRUE(compare_messages(from_.store(), to_.store(), users_, 0, nullptr, comparison));
    return comparison;
  }

  const std::vector<UserId> users_ = {{"alice"}, {"bob"}, {"carol"}};
  Side from_;
  Side to_;
};

TEST_F(MigrationTest, EverythingIsOnTheOtherSide) {
  ASSERT_TRUE(copy());
  const Comparison comparison = compare();
  EXPECT_TRUE(comparison.same()) << comparison.differences.front();
  EXPECT_EQ(comparison.conversations.heads.rows, 3u);
  EXPECT_EQ(comparison.conversations.messages.rows, 1003u);
  EXPECT_EQ(comparison.conversations.moves.rows, 3u);
  EXPECT_EQ(comparison.conversations.reactions.rows, 2u);
  EXPECT_EQ(comparison.conversations.changes.rows, 2u);

  const auto state = *to_->load(test::conversation_id(1));
  ASSERT_TRUE(state);
  EXPECT_EQ(state->head.last_seq, Seq{1000});
  EXPECT_EQ(state->head.applied, LogPosition{});
  EXPECT_EQ(state->find({"bob"})->progress.find({"phone"})->seq, Seq{7});
  EXPECT_EQ((*to_->first_move(test::conversation_id(1), {"bob"}, HorizonMove::Kind::kDelivered, {6}))->up_to, Seq{7});
  EXPECT_EQ(to_->receipts_after({"alice"}, {}, kEndOfLog, 10)->size(), 2u);
  EXPECT_TRUE(to_->devices({"bob"})->front().receipts_seen.has({{77}, 1}));
  EXPECT_EQ(*to_->private_generation({"alice"}, {"carol"}), 2u);
  EXPECT_TRUE((*to_->conversation(test::conversation_id(3)))->deleted);
  EXPECT_EQ(to_->find_message(test::message_id(1'000'500))->front().second, Seq{500});
}

TEST_F(MigrationTest, ACopyThatWasKilledGoesOn) {
  // As far as the messages of the first conversation, without its head.
  std::size_t pieces = 0;
  ASSERT_FALSE(read_conversation(from_.store(), test::conversation_id(1), 0, [&](const Rows& rows) -> Result<> {
    if (++pieces == 3) return fail(ErrorCode::kUnavailable);
    return to_->commit(rows, kPosition);
  }));
  EXPECT_FALSE(*to_->conversation(test::conversation_id(1)));
  ASSERT_TRUE(copy());
  EXPECT_TRUE(compare().same());
  ASSERT_TRUE(copy());
  EXPECT_TRUE(compare().same());
}

TEST_F(MigrationTest, WhatDiffersIsNamed) {
  ASSERT_TRUE(copy());
  Rows rows;
  rows.messages = {test::message(2, 2)};
  rows.messages[0].payload = R"({"type":"text","text":"another"})";
  rows.reactions = {test::reaction(1, 4, "👍", "bob", false)};
  rows.messages.push_back(test::message(2, 4));
  ASSERT_TRUE(to_->commit(rows, {901}));
  ASSERT_TRUE(to_->put_device({"bob"}, {{"tablet"}, 1, 2, {}}));
  ASSERT_TRUE(to_->commit(test::small_conversation(9, 1), {902}));
  const Comparison comparison = compare();
  EXPECT_EQ(comparison.different, 5u);  // two conversations, what alice and bob have, the number
  const auto all = testing::PrintToString(comparison.differences);
  EXPECT_THAT(all, HasSubstr("messages 3 and 4"));
  EXPECT_THAT(all, HasSubstr("reactions 2 and 1"));
  EXPECT_THAT(all, HasSubstr("devices 1 and 2"));
  EXPECT_THAT(all, HasSubstr("There are 3 conversations and 4."));
}

TEST_F(MigrationTest, WhatIsAboutToExpireIsLeftOut) {
  const TimestampMs keep_from = test::kStart + 501;
  ASSERT_TRUE(copy_messages({from_.store(), to_.store(), users_, kPosition, keep_from, nullptr}));
  EXPECT_EQ(to_->messages_after(test::conversation_id(1), {}, {1000}, 2000)->front().seq, Seq{501});
  EXPECT_EQ((*to_->conversation(test::conversation_id(2)))->last_seq, Seq{3});
  Comparison comparison;
  ASSERT_TRUE(compare_messages(from_.store(), to_.store(), users_, keep_from, nullptr, comparison));
  EXPECT_TRUE(comparison.same()) << comparison.differences.front();
}

}  // namespace
}  // namespace c4a
