#pragma once

// The second half of the MessageStore contract: changes, reactions, horizon moves, receipts, devices, erasing, expiry.

#include <algorithm>

#include "message_store/message_store_contract_fixture.h"

namespace c4a {

template <class Harness>
class MessageStoreHistoryContract : public MessageStoreContractFixture<Harness> {};

TYPED_TEST_SUITE_P(MessageStoreHistoryContract);

TYPED_TEST_P(MessageStoreHistoryContract, ChangesComeByVersion) {
  Rows rows;
  for (std::uint64_t version = 1; version <= 5; ++version) rows.changes.push_back(test::change(1, version));
  rows.changes[1].type = ChangeType::kReactionAdded;
  rows.changes[1].message_id = test::message_id(3);
  rows.changes[1].seq = {3};
  rows.changes[1].emoji = "👍";
  rows.changes[2].type = ChangeType::kMemberAdded;
  rows.changes[2].user_id = {"carol"};
  rows.changes[2].role = Role::kAdmin;
  rows.changes.push_back(test::change(2, 1));
  this->commit(rows);
  MessageStore& store = this->store();
  const auto id = test::conversation_id(1);
  EXPECT_EQ(this->versions(*store.changes_after(id, {}, {~std::uint64_t{0}}, 9)), (Seqs{1, 2, 3, 4, 5}));
  EXPECT_EQ(this->versions(*store.changes_after(id, {1}, {4}, 2)), (Seqs{2, 3}));
  EXPECT_EQ(this->versions(*store.changes_after(id, {3}, {4}, 9)), (Seqs{4}));
  EXPECT_TRUE(store.changes_after(id, {5}, {9}, 9)->empty());
  const auto read = *store.changes_after(id, {1}, {3}, 2);
  EXPECT_EQ(read[0].conversation_id, id);
  EXPECT_EQ(read[0].emoji, "👍");
  EXPECT_EQ(read[0].seq.value, 3U);
  EXPECT_EQ(read[0].message_id, test::message_id(3));
  EXPECT_EQ(read[0].by.text, "alice");
  EXPECT_EQ(read[1].user_id.text, "carol");
  EXPECT_EQ(read[1].role, Role::kAdmin);
}

TYPED_TEST_P(MessageStoreHistoryContract, ReactionsComeByEmojiAndUser) {
  Rows rows;
  rows.reactions = {test::reaction(1, 1, "b", "bob"), test::reaction(1, 1, "a", "carol"),
                    test::reaction(1, 1, "ab", "al"), test::reaction(1, 1, "a", "alice"),
                    test::reaction(1, 2, "a", "alice")};
  this->commit(rows);
  MessageStore& store = this->store();
  const auto id = test::conversation_id(1);
  const auto listed = [&] {
    std::vector<std::string> found;
    const auto reactions = *store.reactions(id, {1});
    for (const Reaction& reaction : reactions) found.push_back(reaction.emoji + " " + reaction.user_id.text);
    return found;
  };
  EXPECT_THAT(listed(), testing::ElementsAre("a alice", "a carol", "ab al", "b bob"));
  EXPECT_TRUE(*store.has_reaction(id, {1}, "a", {"carol"}));
  EXPECT_FALSE(*store.has_reaction(id, {1}, "b", {"carol"}));
  auto both = *store.reactions_in(id, {1}, {2});
  EXPECT_EQ(both.size(), 2U);
  ASSERT_EQ(both[{1}].size(), 4U);
  EXPECT_EQ(both[{1}][1].emoji + both[{1}][1].user_id.text, "acarol");
  EXPECT_EQ(both[{2}].size(), 1U);
  const auto second = *store.reactions_in(id, {2}, {40});
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second.begin()->first.value, 2U);
  EXPECT_TRUE(store.reactions_in(id, {3}, {2})->empty());
  Rows taken_back;
  taken_back.reactions = {test::reaction(1, 1, "a", "carol", false)};
  this->commit(taken_back);
  EXPECT_THAT(listed(), testing::ElementsAre("a alice", "ab al", "b bob"));
  EXPECT_FALSE(*store.has_reaction(id, {1}, "a", {"carol"}));
}

TYPED_TEST_P(MessageStoreHistoryContract, TheFirstMoveAtOrAboveTellsWhenAUserReachedAMessage) {
  using Kind = HorizonMove::Kind;
  Rows rows;
  rows.moves = {test::move(1, "bob", Kind::kDelivered, 3), test::move(1, "bob", Kind::kDelivered, 300),
                test::move(1, "bob", Kind::kRead, 5), test::move(1, "bobby", Kind::kRead, 9)};
  this->commit(rows);
  MessageStore& store = this->store();
  const auto up_to = [&](const char* user, Kind kind, std::uint64_t seq) -> std::uint64_t {
    const auto move = *store.first_move(test::conversation_id(1), {user}, kind, {seq});
    return move ? move->up_to.value : 0;
  };
  EXPECT_EQ(up_to("bob", Kind::kDelivered, 1), 3U);
  EXPECT_EQ(up_to("bob", Kind::kDelivered, 3), 3U);
  EXPECT_EQ(up_to("bob", Kind::kDelivered, 4), 300U);
  EXPECT_EQ(up_to("bob", Kind::kDelivered, 301), 0U);
  EXPECT_EQ(up_to("bob", Kind::kRead, 5), 5U);
  EXPECT_EQ(up_to("bob", Kind::kRead, 6), 0U);
  EXPECT_EQ(up_to("bobby", Kind::kRead, 6), 9U);
  const auto move = *store.first_move(test::conversation_id(1), {"bob"}, Kind::kRead, {2});
  EXPECT_EQ(move->at, test::kStart + 5);
  EXPECT_EQ(move->kind, Kind::kRead);
  EXPECT_EQ(move->user_id.text, "bob");
  EXPECT_EQ(move->conversation_id, test::conversation_id(1));
}

TYPED_TEST_P(MessageStoreHistoryContract, ManyRowsOfOneConversationStayInOrder) {
  using Kind = HorizonMove::Kind;
  Rows rows = test::small_conversation(1, 600);
  for (std::uint64_t i = 1; i <= 600; ++i) {
    const std::string user = fmt::format("user-{:04}", (i * 7'919) % 600);  // not in order
    rows.messages[i - 1].request_delivery_receipt = i % 2 == 0;
    rows.members.push_back(test::member(1, user));
    rows.progress.push_back(test::progress(1, user, i, i));
    rows.moves.push_back(test::move(1, "bob", Kind::kDelivered, (i * 7'919) % 600 + 1));
    rows.changes.push_back(test::change(1, (i * 7'919) % 600 + 1));
  }
  this->commit(rows);
  MessageStore& store = this->store();
  const auto id = test::conversation_id(1);
  const auto state = *store.load(id);
  EXPECT_EQ(state->members().size(), 602U);
  EXPECT_EQ(state->find({"user-0000"})->progress.read.value, 600U);
  const auto members = *store.members(id, {"user-0100"}, 3);
  EXPECT_EQ(members.at(0).user_id.text, "user-0101");
  EXPECT_EQ(members.at(2).user_id.text, "user-0103");
  const auto versions = this->versions(*store.changes_after(id, {}, {1'000}, 1'000));
  EXPECT_EQ(versions.size(), 600U);
  EXPECT_TRUE(std::ranges::is_sorted(versions));
  for (const std::uint64_t seq : {1U, 299U, 600U}) {
    EXPECT_EQ((*store.first_move(id, {"bob"}, Kind::kDelivered, {seq}))->up_to.value, seq);
  }
  const auto headers = this->seqs(*store.headers(id, {}, kEnd, 10));
  EXPECT_EQ(headers.size(), 305U);
  EXPECT_TRUE(std::ranges::is_sorted(headers));
}

TYPED_TEST_P(MessageStoreHistoryContract, ReceiptsComeAfterAPositionAndIndex) {
  Rows rows;
  rows.receipts = {test::receipt("alice", 300, 0), test::receipt("alice", 2, 1), test::receipt("alice", 2, 0),
                   test::receipt("al", 2, 0)};
  this->commit(rows);
  MessageStore& store = this->store();
  const auto listed = [&](std::uint64_t position, std::uint32_t index, std::size_t limit,
                          LogPosition before = kEndOfLog) {
    std::vector<std::pair<std::uint64_t, std::uint32_t>> found;
    const auto receipts = *store.receipts_after({"alice"}, {{position}, index}, before, limit);
    for (const ReceiptEvent& receipt : receipts) {
      found.emplace_back(receipt.position.value, receipt.index);
    }
    return found;
  };
  using testing::ElementsAre;
  using testing::Pair;
  EXPECT_THAT(listed(0, 0, 9), ElementsAre(Pair(2, 0), Pair(2, 1), Pair(300, 0)));
  EXPECT_THAT(listed(2, 0, 9), ElementsAre(Pair(2, 1), Pair(300, 0)));
  EXPECT_THAT(listed(2, 1, 9), ElementsAre(Pair(300, 0)));
  EXPECT_THAT(listed(0, 0, 1), ElementsAre(Pair(2, 0)));
  EXPECT_THAT(listed(300, 0, 9), testing::IsEmpty());
  EXPECT_THAT(listed(2, 0, 9, {300}), ElementsAre(Pair(2, 1)));
  EXPECT_THAT(listed(0, 0, 9, {2}), testing::IsEmpty());
  const auto read = store.receipts_after({"al"}, {}, kEndOfLog, 9)->at(0);
  EXPECT_EQ(read.sender.text, "al");
  EXPECT_EQ(read.user_id.text, "bob");
  EXPECT_EQ(read.status, MessageStatus::kRead);
  EXPECT_EQ(read.message_id, test::message_id(1));
  EXPECT_EQ(read.conversation_id, test::conversation_id(1));
  EXPECT_EQ(read.seq.value, 2U);
  EXPECT_EQ(read.at, test::kStart);
}

TYPED_TEST_P(MessageStoreHistoryContract, DevicesArePutAndDropped) {
  MessageStore& store = this->store();
  const ReceiptsSeen seen{{{10}, 11}, {{lane_begin(7).value + 5}, 0}, {{lane_begin(9).value}, 6}};
  EXPECT_TRUE(store.put_device({"bob"}, {{"phone"}, 1, 2, {{{3}, 4}}}));
  EXPECT_TRUE(store.add_device({"bob"}, {{""}, 5, 6, {}}));
  EXPECT_TRUE(store.put_device({"bobby"}, {{"x"}, 5, 6, {}}));
  EXPECT_TRUE(store.put_device({"bob"}, {{"phone"}, 1, 9, seen}));
  const auto devices = *store.devices({"bob"});
  ASSERT_EQ(devices.size(), 2U);
  EXPECT_EQ(devices[0].id.text, "");
  EXPECT_EQ(devices[1].id.text, "phone");
  EXPECT_EQ(devices[1].first_seen, 1);
  EXPECT_EQ(devices[1].last_seen, 9);
  EXPECT_EQ(devices[1].receipts_seen.places(), seen.places());
  EXPECT_TRUE(devices[0].receipts_seen.places().empty());
  EXPECT_TRUE(store.drop_device({"bob"}, {"phone"}));
  EXPECT_TRUE(store.drop_device({"bob"}, {"phone"}));
  EXPECT_EQ(store.devices({"bob"})->size(), 1U);
}

TYPED_TEST_P(MessageStoreHistoryContract, ThePositionIsThatOfTheLastCommit) {
  EXPECT_TRUE(this->store().commit({}, {17}));
  EXPECT_EQ(this->store().committed_position()->value, 17U);
  EXPECT_TRUE(this->store().commit(test::small_conversation(1, 1), {300}));
  EXPECT_EQ(this->store().committed_position()->value, 300U);
}

TYPED_TEST_P(MessageStoreHistoryContract, GenerationsOfAPairAreKept) {
  Rows rows;
  rows.private_pairs = {{{"alice"}, {"bob"}, 2}, {{"alice"}, {"bobby"}, 5}};
  this->commit(rows);
  EXPECT_EQ(*this->store().private_generation({"alice"}, {"bob"}), 2U);
  EXPECT_EQ(*this->store().private_generation({"alice"}, {"bobby"}), 5U);
  EXPECT_EQ(*this->store().private_generation({"alice"}, {"carol"}), 0U);
}

TYPED_TEST_P(MessageStoreHistoryContract, AnErasedConversationLeavesItsRowAlone) {
  Rows rows = test::small_conversation(1, 5);
  rows.progress = {test::progress(1, "bob", 2, 1)};
  rows.moves = {test::move(1, "bob", HorizonMove::Kind::kRead, 5)};
  rows.changes = {test::change(1, 1)};
  rows.reactions = {test::reaction(1, 1, "a", "bob")};
  this->commit(rows);
  this->commit(test::small_conversation(2, 2));
  Rows erasing;
  erasing.conversations = {test::conversation(1)};
  erasing.conversations[0].deleted = true;
  erasing.conversations[0].last_seq = {5};
  erasing.erased = {test::conversation_id(1)};
  this->commit(erasing);
  MessageStore& store = this->store();
  const auto id = test::conversation_id(1);
  const auto state = *store.load(id);
  ASSERT_TRUE(state);
  EXPECT_TRUE(state->head.deleted);
  EXPECT_EQ(state->head.last_seq.value, 5U);
  EXPECT_TRUE(state->members().empty());
  EXPECT_FALSE(*store.member(id, {"bob"}));
  EXPECT_EQ(store.progress(id, {"bob"})->delivered.value, 0U);
  EXPECT_TRUE(store.messages_after(id, {}, kEnd, 9)->empty());
  EXPECT_FALSE(*store.message(id, Seq{1}));
  EXPECT_FALSE(*store.message(id, test::message(1, 1).message_id));
  EXPECT_TRUE(store.find_message(test::message(1, 1).message_id)->empty());
  EXPECT_TRUE(store.headers(id, {}, kEnd, 9)->empty());
  EXPECT_TRUE(store.changes_after(id, {}, {9}, 9)->empty());
  EXPECT_TRUE(store.reactions(id, {1})->empty());
  EXPECT_FALSE(*store.first_move(id, {"bob"}, HorizonMove::Kind::kRead, {1}));
  const auto of_bob = *store.conversations_of({"bob"});
  ASSERT_EQ(of_bob.size(), 1U);
  EXPECT_EQ(of_bob[0].id, test::conversation_id(2));
  EXPECT_EQ(store.messages_after(test::conversation_id(2), {}, kEnd, 9)->size(), 2U);
}

TYPED_TEST_P(MessageStoreHistoryContract, ALargeConversationIsErasedToo) {
  this->commit(test::small_conversation(1, 3'000));
  Rows erasing;
  erasing.erased = {test::conversation_id(1)};
  this->commit(erasing);
  EXPECT_TRUE(this->store().messages_after(test::conversation_id(1), {}, kEnd, 9'999)->empty());
  EXPECT_FALSE(*this->store().message(test::conversation_id(1), Seq{2'999}));
  EXPECT_EQ((*this->store().conversation(test::conversation_id(1)))->last_seq.value, 0U);
}

TYPED_TEST_P(MessageStoreHistoryContract, WhatIsPutAndErasedInOneCommitIsGone) {
  Rows rows = test::small_conversation(1, 3);
  rows.members.push_back(test::member(1, "carol"));
  rows.changes = {test::change(1, 2)};
  rows.erased = {test::conversation_id(1)};
  this->commit(rows);
  MessageStore& store = this->store();
  EXPECT_TRUE(*store.conversation(test::conversation_id(1)));
  EXPECT_TRUE(store.messages_after(test::conversation_id(1), {}, kEnd, 9)->empty());
  EXPECT_TRUE(store.find_message(test::message(1, 1).message_id)->empty());
  EXPECT_TRUE(store.conversations_of({"carol"})->empty());
  EXPECT_TRUE(store.conversations_of({"alice"})->empty());
  EXPECT_TRUE(store.changes_after(test::conversation_id(1), {}, {9}, 9)->empty());
}

TYPED_TEST_P(MessageStoreHistoryContract, ExpiredMessagesAreGoneForEveryReader) {
  Rows rows = test::small_conversation(1, 10);
  rows.messages[2].request_delivery_receipt = true;
  this->commit(rows);
  MessageStore& store = this->store();
  const auto id = test::conversation_id(1);
  store.expire_before(test::kStart + 7);
  EXPECT_EQ(this->seqs(*store.messages_after(id, {}, kEnd, 9)), (Seqs{7, 8, 9, 10}));
  EXPECT_EQ(this->seqs(*store.messages_before(id, kEnd, 9)), (Seqs{7, 8, 9, 10}));
  EXPECT_EQ(this->visited_back(id, {}, kEnd, 99), (Seqs{10, 9, 8, 7}));
  EXPECT_EQ(this->seqs(*store.headers(id, {}, kEnd, 2)), (Seqs{9, 10}));
  EXPECT_FALSE(*store.message(id, Seq{6}));
  EXPECT_TRUE(*store.message(id, Seq{7}));
  EXPECT_FALSE(*store.message(id, test::message(1, 6).message_id));
  EXPECT_TRUE(store.find_message(test::message(1, 6).message_id)->empty());
  store.expire_before(test::kStart);
  EXPECT_FALSE(*store.message(id, Seq{6})) << "an earlier cutoff takes nothing back";
}

TYPED_TEST_P(MessageStoreHistoryContract, TheNumberingGoesOnWhenEverythingHasExpired) {
  this->commit(test::small_conversation(1, 5));
  this->store().expire_before(test::kStart + 1'000);
  EXPECT_TRUE(this->store().messages_after(test::conversation_id(1), {}, kEnd, 9)->empty());
  EXPECT_EQ((*this->store().load(test::conversation_id(1)))->head.last_seq.value, 5U);
  Rows rows;
  rows.messages = {test::message(1, 6)};
  this->commit(rows);
  EXPECT_EQ((*this->store().load(test::conversation_id(1)))->head.last_seq.value, 6U);
}

REGISTER_TYPED_TEST_SUITE_P(MessageStoreHistoryContract, ManyRowsOfOneConversationStayInOrder, ChangesComeByVersion,
                            ReactionsComeByEmojiAndUser, TheFirstMoveAtOrAboveTellsWhenAUserReachedAMessage,
                            ReceiptsComeAfterAPositionAndIndex, DevicesArePutAndDropped,
                            ThePositionIsThatOfTheLastCommit, GenerationsOfAPairAreKept,
                            AnErasedConversationLeavesItsRowAlone, ALargeConversationIsErasedToo,
                            WhatIsPutAndErasedInOneCommitIsGone, ExpiredMessagesAreGoneForEveryReader,
                            TheNumberingGoesOnWhenEverythingHasExpired);

}  // namespace c4a
