#include "message_store/cassandra/redo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "message_store/message_store_rows.h"

namespace c4a::cassandra {
namespace {

ConversationRows only_conversation(const Rows& rows) { return by_conversation(rows, {9}).at(0); }

TEST(RedoTest, EveryRowComesBack) {
  Rows rows = test::small_conversation(1, 2);
  rows.conversations[0].applied = {70};
  rows.progress = {test::progress(1, "bob", 2, 1)};
  rows.moves = {test::move(1, "bob", HorizonMove::Kind::kRead, 2)};
  rows.changes = {test::change(1, 5)};
  rows.reactions = {test::reaction(1, 1, "+", "bob", false)};
  rows.receipts = {test::receipt("alice", 300, 4)};
  const auto id = test::conversation_id(1);
  const auto redo = decode_redo(encode_redo(only_conversation(rows)), id);
  ASSERT_TRUE(redo);
  EXPECT_EQ(redo->timestamp, 70);
  EXPECT_FALSE(redo->erased);
  const RowSelection back = redo->selection();
  ASSERT_EQ(back.messages.size(), 2U);
  EXPECT_EQ(back.messages[1]->payload, rows.messages[1].payload);
  EXPECT_EQ(back.messages[1]->conversation_id, id);
  EXPECT_EQ(back.messages[1]->seq.value, 2U);
  ASSERT_EQ(back.members.size(), 2U);
  EXPECT_EQ(back.members[1]->member.user_id.text, "bob");
  EXPECT_EQ(back.members[1]->conversation_id, id);
  EXPECT_EQ(back.progress.at(0)->progress.delivered.value, 2U);
  EXPECT_EQ(back.moves.at(0)->up_to.value, 2U);
  EXPECT_EQ(back.moves.at(0)->kind, HorizonMove::Kind::kRead);
  EXPECT_EQ(back.changes.at(0)->version.value, 5U);
  EXPECT_EQ(back.reactions.at(0)->reaction.emoji, "+");
  EXPECT_FALSE(back.reactions.at(0)->present);
  EXPECT_EQ(back.receipts.at(0)->position.value, 300U);
  EXPECT_EQ(back.receipts.at(0)->index, 4U);
}

TEST(RedoTest, AnErasureAndItsPairComeBack) {
  Rows rows;
  const auto id = private_conversation_id({"alice"}, {"bob"}, 1);
  rows.private_pairs = {{{"alice"}, {"bob"}, 2}};
  rows.erased = {id};
  const auto redo = decode_redo(encode_redo(only_conversation(rows)), id);
  ASSERT_TRUE(redo);
  EXPECT_TRUE(redo->erased);
  EXPECT_EQ(redo->timestamp, 9);
  EXPECT_EQ(redo->selection().pairs.at(0)->generation, 2U);
}

TEST(RedoTest, ADamagedRecordIsNoRecord) {
  const auto id = test::conversation_id(1);
  const std::string record = encode_redo(only_conversation(test::small_conversation(1, 2)));
  for (std::size_t length = 0; length + 1 < record.size(); ++length) {
    const auto redo = decode_redo(record.substr(0, length), id);
    if (redo) EXPECT_LT(redo->rows.messages.size() + redo->rows.members.size(), 4U) << length;
  }
  EXPECT_FALSE(decode_redo(record + "x", id));
  EXPECT_FALSE(decode_redo("\x02" + record.substr(1), id));
  EXPECT_FALSE(redo_place("\x03"));
}

TEST(RedoTest, APlaceIsHereOrInParts) {
  EXPECT_EQ(redo_place(redo_in_place("abc"))->record, "abc");
  const std::string column = redo_in_parts(70, 100'000);
  const auto place = redo_place(column);
  ASSERT_TRUE(place);
  EXPECT_TRUE(place->in_parts);
  EXPECT_EQ(place->timestamp, 70);
  EXPECT_EQ(place->bytes, 100'000U);
}

TEST(ConversationRowsTest, RowsAboveTheMutationsSizeAreOutsideAndTheLastOnes) {
  Rows rows = test::small_conversation(1, 6);
  for (Message& message : rows.messages) message.payload.assign(60'000, 'x');
  const Split split = cassandra::split(only_conversation(rows), {});
  ASSERT_EQ(split.atomic.messages.size(), 2U);
  EXPECT_EQ(split.atomic.messages.back()->seq.value, 2U);
  EXPECT_EQ(split.outside.messages.size(), 4U);
  EXPECT_EQ(split.atomic.members.size(), 2U);
}

TEST(ConversationRowsTest, TheTimestampIsTheHeadsPositionOrTheCommits) {
  Rows rows = test::small_conversation(1, 1);
  EXPECT_EQ(by_conversation(rows, {9}).at(0).timestamp, 9);
  rows.conversations[0].applied = {70};
  EXPECT_EQ(by_conversation(rows, {9}).at(0).timestamp, 70);
}

TEST(LayoutTest, AShardFollowsFromTheIdAlone) {
  const MessageId first = MessageId::v7(1'700'000'000'000);
  EXPECT_EQ(shard_of(first) >> 2, 1'700'000'000'000 >> 16);
  EXPECT_EQ(shard_of(first), shard_of(MessageId{first.uuid}));
  const std::int64_t other = shard_of(test::message_id(1));
  EXPECT_LT(other, 0);
  EXPECT_GE(other, -4'096);
}

TEST(LayoutTest, BucketsAndTimesToLiveHaveBounds) {
  const Layout layout{16'384, 10};
  EXPECT_EQ(layout.bucket_of(16'383), 0);
  EXPECT_EQ(layout.bucket_of(16'384), 1);
  EXPECT_EQ(layout.bucket_of(kLastPosition), Layout::kLastBucket);
  EXPECT_EQ(layout.time_to_live(1'000, 1'000), 864'000);
  EXPECT_EQ(layout.time_to_live(0, 1'000'000'000'000), 1);
  EXPECT_EQ(Layout{}.time_to_live(0, 1), 0);
}

}  // namespace
}  // namespace c4a::cassandra
