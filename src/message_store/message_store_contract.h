#pragma once

// What every MessageStore promises, as one suite that each implementation passes. A Harness makes an empty store:
//   struct Harness { MessageStore& store(); };

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "message_store/message_store.h"
#include "message_store/message_store_rows.h"

namespace c4a {

template <class Harness>
class MessageStoreContract : public testing::Test {
 protected:
  MessageStore& store() { return harness_.store(); }
  void commit(const Rows& rows) {
    const auto committed = store().commit(rows, {++position_});
    ASSERT_TRUE(committed) << committed.error().detail;
  }

  static std::vector<std::uint64_t> seqs(const auto& messages) {
    std::vector<std::uint64_t> found;
    for (const auto& message : messages) found.push_back(message.seq.value);
    return found;
  }
  static std::vector<std::uint64_t> versions(const std::vector<Change>& changes) {
    std::vector<std::uint64_t> found;
    for (const Change& change : changes) found.push_back(change.version.value);
    return found;
  }
  std::vector<std::uint64_t> visited_back(const ConversationId& id, Seq after, Seq until, std::size_t stop_after) {
    std::vector<std::uint64_t> found;
    EXPECT_TRUE(store().scan_back(id, after, until, [&](const Message& message) {
      found.push_back(message.seq.value);
      return found.size() < stop_after;
    }));
    return found;
  }

  Harness harness_;
  std::uint64_t position_ = 0;
};

TYPED_TEST_SUITE_P(MessageStoreContract);

using Seqs = std::vector<std::uint64_t>;
inline constexpr Seq kEnd{~std::uint64_t{0}};

TYPED_TEST_P(MessageStoreContract, AnEmptyStoreAnswersEmptily) {
  MessageStore& store = this->store();
  const auto id = test::conversation_id(1);
  EXPECT_EQ(store.committed_position()->value, 0U);
  EXPECT_FALSE(*store.load(id));
  EXPECT_FALSE(*store.conversation(id));
  EXPECT_FALSE(*store.member(id, {"alice"}));
  EXPECT_TRUE(store.members(id, {}, 10)->empty());
  EXPECT_EQ(store.progress(id, {"alice"})->delivered.value, 0U);
  EXPECT_TRUE(store.conversations_of({"alice"})->empty());
  EXPECT_EQ(*store.private_generation({"alice"}, {"bob"}), 0U);
  EXPECT_FALSE(*store.message(id, Seq{1}));
  EXPECT_FALSE(*store.message(id, test::message_id(1)));
  EXPECT_TRUE(store.find_message(test::message_id(1))->empty());
  EXPECT_TRUE(store.messages_after(id, {}, kEnd, 10)->empty());
  EXPECT_TRUE(store.messages_before(id, kEnd, 10)->empty());
  EXPECT_TRUE(store.headers(id, {}, kEnd, 10)->empty());
  EXPECT_TRUE(store.changes_after(id, {}, {~std::uint64_t{0}}, 10)->empty());
  EXPECT_TRUE(store.reactions(id, {1})->empty());
  EXPECT_FALSE(*store.first_move(id, {"alice"}, HorizonMove::Kind::kRead, {1}));
  EXPECT_TRUE(store.receipts_after({"alice"}, {}, 0, 10)->empty());
  EXPECT_TRUE(store.devices({"alice"})->empty());
  EXPECT_TRUE(store.check());
}

TYPED_TEST_P(MessageStoreContract, EveryFieldOfAMessageComesBack) {
  Message sent = test::message(1, 1);
  sent.from_device = {"phone"};
  sent.payload_type = PayloadType::kFile;
  sent.metadata = R"({"a":1})";
  sent.reply_to = test::message_id(7);
  sent.to = {{"bob"}, {"carol"}};
  sent.channels = std::vector<std::string>{"whatsapp", "telegram"};
  sent.request_delivery_receipt = true;
  sent.digest.fill(0xab);
  sent.trace_id.fill(0xcd);
  sent.edited_at = sent.created_at + 100;
  sent.deleted_at = sent.created_at + 200;
  Rows rows;
  rows.messages = {sent};
  this->commit(rows);
  const auto read = *this->store().message(sent.conversation_id, Seq{1});
  ASSERT_TRUE(read);
  EXPECT_EQ(read->message_id, sent.message_id);
  EXPECT_EQ(read->conversation_id, sent.conversation_id);
  EXPECT_EQ(read->seq, sent.seq);
  EXPECT_EQ(read->from, sent.from);
  EXPECT_EQ(read->from_device, sent.from_device);
  EXPECT_EQ(read->created_at, sent.created_at);
  EXPECT_EQ(read->routed_at, sent.routed_at);
  EXPECT_EQ(read->payload_type, sent.payload_type);
  EXPECT_EQ(read->payload, sent.payload);
  EXPECT_EQ(read->metadata, sent.metadata);
  EXPECT_EQ(read->reply_to, sent.reply_to);
  EXPECT_EQ(read->to, sent.to);
  EXPECT_EQ(read->channels, sent.channels);
  EXPECT_TRUE(read->request_delivery_receipt);
  EXPECT_EQ(read->digest, sent.digest);
  EXPECT_EQ(read->trace_id, sent.trace_id);
  EXPECT_EQ(read->edited_at, sent.edited_at);
  EXPECT_EQ(read->deleted_at, sent.deleted_at);
}

TYPED_TEST_P(MessageStoreContract, NoChannelsAndEmptyChannelsAreDifferent) {
  Rows rows;
  rows.messages = {test::message(1, 1), test::message(1, 2)};
  rows.messages[1].channels.emplace();
  this->commit(rows);
  EXPECT_FALSE((*this->store().message(test::conversation_id(1), Seq{1}))->channels);
  EXPECT_TRUE((*this->store().message(test::conversation_id(1), Seq{2}))->channels);
}

TYPED_TEST_P(MessageStoreContract, LoadGivesHeadMembersAndProgress) {
  Rows rows = test::small_conversation(1, 3);
  rows.progress = {test::progress(1, "bob", 2, 1)};
  this->commit(rows);
  this->commit(test::small_conversation(2, 1));
  const auto state = *this->store().load(test::conversation_id(1));
  ASSERT_TRUE(state);
  EXPECT_EQ(state->head.id, test::conversation_id(1));
  EXPECT_EQ(state->head.last_seq.value, 3U) << "the row says 0, the messages more";
  EXPECT_EQ(state->head.version.value, 1U);
  EXPECT_EQ(state->head.created_by.text, "alice");
  EXPECT_EQ(state->members().size(), 2U);
  EXPECT_EQ(state->active_count(), 2U);
  ASSERT_NE(state->find({"bob"}), nullptr);
  EXPECT_EQ(state->find({"bob"})->progress.delivered.value, 2U);
  EXPECT_EQ(state->find({"bob"})->progress.read.value, 1U);
  ASSERT_EQ(state->find({"bob"})->progress.devices.size(), 1U);
  EXPECT_EQ(state->find({"bob"})->progress.devices[0].device.text, "phone");
  EXPECT_EQ(state->find({"alice"})->progress.delivered.value, 0U);
  EXPECT_TRUE(state->recent.empty());
}

TYPED_TEST_P(MessageStoreContract, TheConversationRowIsAFloorOfLastSeq) {
  Rows rows;
  rows.conversations = {test::conversation(1)};
  rows.conversations[0].last_seq = {9};
  rows.conversations[0].applied = {70};
  rows.messages = {test::message(1, 4)};
  this->commit(rows);
  EXPECT_EQ((*this->store().conversation(test::conversation_id(1)))->last_seq.value, 9U);
  rows.messages = {test::message(1, 12)};
  this->commit(rows);
  EXPECT_EQ((*this->store().conversation(test::conversation_id(1)))->last_seq.value, 12U);
  EXPECT_EQ((*this->store().load(test::conversation_id(1)))->head.last_seq.value, 12U);
  EXPECT_EQ((*this->store().load(test::conversation_id(1)))->head.applied.value, 70U);
}

TYPED_TEST_P(MessageStoreContract, MembersComeInUserOrderAfterAUser) {
  Rows rows;
  rows.conversations = {test::conversation(1)};
  for (const char* user : {"dave", "ann", "carol", "bob", "carol2"}) rows.members.push_back(test::member(1, user));
  rows.members[2].member.left_at = 5;
  rows.members[2].member.left_at_seq = {7};
  rows.members[2].member.left_at_version = {8};
  rows.members[2].member.earlier = {{{1}, {2}}, {{3}, {4}}};
  this->commit(rows);
  const auto names = [&](const std::string& after, std::size_t limit) {
    std::vector<std::string> found;
    const auto members = *this->store().members(test::conversation_id(1), {after}, limit);
    for (const Member& member : members) {
      found.push_back(member.user_id.text);
    }
    return found;
  };
  EXPECT_THAT(names("", 10), testing::ElementsAre("ann", "bob", "carol", "carol2", "dave"));
  EXPECT_THAT(names("bob", 2), testing::ElementsAre("carol", "carol2"));
  EXPECT_THAT(names("carol", 1), testing::ElementsAre("carol2"));
  EXPECT_THAT(names("dave", 9), testing::IsEmpty());
  const auto carol = *this->store().member(test::conversation_id(1), {"carol"});
  ASSERT_TRUE(carol);
  EXPECT_FALSE(carol->active());
  EXPECT_EQ(carol->left_at_seq.value, 7U);
  EXPECT_EQ(carol->left_at_version.value, 8U);
  ASSERT_EQ(carol->earlier.size(), 2U);
  EXPECT_EQ(carol->earlier[1].left_at_seq.value, 4U);
  EXPECT_FALSE(*this->store().member(test::conversation_id(1), {"caro"}));
}

TYPED_TEST_P(MessageStoreContract, AUsersConversationsFollowTheirMemberRows) {
  this->commit(test::small_conversation(1, 0));
  this->commit(test::small_conversation(2, 0));
  Rows rows;
  rows.members = {test::member(2, "bob")};
  rows.members[0].member.left_at = 5;
  this->commit(rows);
  const auto conversations = *this->store().conversations_of({"bob"});
  ASSERT_EQ(conversations.size(), 2U);
  EXPECT_LT(conversations[0].id, conversations[1].id);
  for (const auto& ref : conversations) EXPECT_EQ(ref.active, ref.id == test::conversation_id(1));
  EXPECT_TRUE(this->store().conversations_of({"bo"})->empty());
}

TYPED_TEST_P(MessageStoreContract, PagesGoForwardAndBackward) {
  this->commit(test::small_conversation(1, 10));
  this->commit(test::small_conversation(2, 3));
  MessageStore& store = this->store();
  const auto id = test::conversation_id(1);
  EXPECT_EQ(this->seqs(*store.messages_after(id, {}, kEnd, 3)), (Seqs{1, 2, 3}));
  EXPECT_EQ(this->seqs(*store.messages_after(id, {3}, {5}, 9)), (Seqs{4, 5}));
  EXPECT_EQ(this->seqs(*store.messages_after(id, {8}, kEnd, 9)), (Seqs{9, 10}));
  EXPECT_TRUE(store.messages_after(id, {10}, kEnd, 9)->empty());
  EXPECT_TRUE(store.messages_after(id, {5}, {5}, 9)->empty());
  EXPECT_TRUE(store.messages_after(id, {6}, {5}, 9)->empty());
  EXPECT_TRUE(store.messages_after(id, {}, kEnd, 0)->empty());
  EXPECT_TRUE(store.messages_after(id, kEnd, kEnd, 9)->empty());
  EXPECT_EQ(this->seqs(*store.messages_before(id, kEnd, 2)), (Seqs{9, 10}));
  EXPECT_EQ(this->seqs(*store.messages_before(id, {4}, 9)), (Seqs{1, 2, 3}));
  EXPECT_EQ(this->seqs(*store.messages_before(id, {4}, 2)), (Seqs{2, 3}));
  EXPECT_TRUE(store.messages_before(id, {1}, 9)->empty());
  EXPECT_TRUE(store.messages_before(id, {0}, 9)->empty());
  EXPECT_TRUE(store.messages_before(id, {5}, 0)->empty());
}

TYPED_TEST_P(MessageStoreContract, AScanGoesBackUntilItIsToldToStop) {
  this->commit(test::small_conversation(1, 9));
  const auto id = test::conversation_id(1);
  EXPECT_EQ(this->visited_back(id, {}, kEnd, 3), (Seqs{9, 8, 7}));
  EXPECT_EQ(this->visited_back(id, {2}, {5}, 99), (Seqs{5, 4, 3}));
  EXPECT_EQ(this->visited_back(id, {5}, {5}, 99), Seqs{});
}

TYPED_TEST_P(MessageStoreContract, AMessageIsFoundByItsIdInEachConversation) {
  Rows rows;
  rows.messages = {test::message(1, 1), test::message(1, 2), test::message(2, 1)};
  rows.messages[2].message_id = rows.messages[1].message_id;
  const MessageId shared = rows.messages[1].message_id;
  this->commit(rows);
  MessageStore& store = this->store();
  EXPECT_EQ((*store.message(test::conversation_id(1), shared))->seq.value, 2U);
  EXPECT_EQ((*store.message(test::conversation_id(2), shared))->seq.value, 1U);
  EXPECT_FALSE(*store.message(test::conversation_id(3), shared));
  EXPECT_EQ(store.find_message(shared)->size(), 2U);
  EXPECT_EQ(store.find_message(rows.messages[0].message_id)->size(), 1U);
}

TYPED_TEST_P(MessageStoreContract, TheGreatestIdsAreOrdinary) {
  Rows rows;
  rows.messages = {test::message(1, 1)};
  rows.messages[0].message_id.uuid.bytes.fill(0xff);
  this->commit(rows);
  const MessageId greatest = rows.messages[0].message_id;
  EXPECT_EQ(this->store().find_message(greatest)->size(), 1U);
  EXPECT_TRUE(*this->store().message(test::conversation_id(1), greatest));
}

TYPED_TEST_P(MessageStoreContract, AMessageThatIsPutAgainReplacesItself) {
  this->commit(test::small_conversation(1, 3));
  Rows rows;
  rows.messages = {test::message(1, 2)};
  rows.messages[0].payload = R"({"type":"text","text":"better"})";
  rows.messages[0].edited_at = 77;
  this->commit(rows);
  EXPECT_EQ(this->seqs(*this->store().messages_after(test::conversation_id(1), {}, kEnd, 9)), (Seqs{1, 2, 3}));
  EXPECT_EQ((*this->store().message(test::conversation_id(1), Seq{2}))->edited_at, 77);
  EXPECT_EQ((*this->store().conversation(test::conversation_id(1)))->last_seq.value, 3U);
}

TYPED_TEST_P(MessageStoreContract, CommittingTheSameAgainChangesNothing) {
  Rows rows = test::small_conversation(1, 3);
  rows.changes = {test::change(1, 1)};
  rows.reactions = {test::reaction(1, 1, "+", "bob")};
  rows.receipts = {test::receipt("alice", 1, 0)};
  this->commit(rows);
  this->commit(rows);
  MessageStore& store = this->store();
  const auto id = test::conversation_id(1);
  EXPECT_EQ(this->seqs(*store.messages_after(id, {}, kEnd, 9)), (Seqs{1, 2, 3}));
  EXPECT_EQ((*store.load(id))->members().size(), 2U);
  EXPECT_EQ(this->versions(*store.changes_after(id, {}, {9}, 9)), (Seqs{1}));
  EXPECT_EQ(store.reactions(id, {1})->size(), 1U);
  EXPECT_EQ(store.receipts_after({"alice"}, {}, 0, 9)->size(), 1U);
}

TYPED_TEST_P(MessageStoreContract, HeadersAreTheNewestAndThoseThatAskedForAReceipt) {
  Rows rows = test::small_conversation(1, 20);
  for (const std::size_t asked : {1, 4, 11, 18}) rows.messages[asked].request_delivery_receipt = true;
  rows.messages[4].to = {{"bob"}};
  rows.messages[4].digest.fill(7);
  this->commit(rows);
  MessageStore& store = this->store();
  const auto id = test::conversation_id(1);
  EXPECT_EQ(this->seqs(*store.headers(id, {}, kEnd, 3)), (Seqs{2, 5, 12, 18, 19, 20}));
  EXPECT_EQ(this->seqs(*store.headers(id, {2}, {12}, 2)), (Seqs{5, 11, 12}));
  EXPECT_EQ(this->seqs(*store.headers(id, {2}, {12}, 0)), (Seqs{5, 12}));
  EXPECT_EQ(this->seqs(*store.headers(id, {17}, kEnd, 99)), (Seqs{18, 19, 20}));
  EXPECT_TRUE(store.headers(id, {5}, {5}, 9)->empty());
  const MessageHeader five = store.headers(id, {4}, {5}, 1)->at(0);
  EXPECT_EQ(five.message_id, rows.messages[4].message_id);
  EXPECT_EQ(five.from.text, "alice");
  EXPECT_EQ(five.to, rows.messages[4].to);
  EXPECT_EQ(five.digest, rows.messages[4].digest);
  EXPECT_EQ(five.created_at, rows.messages[4].created_at);
  EXPECT_TRUE(five.request_delivery_receipt);
}

TYPED_TEST_P(MessageStoreContract, ChangesComeByVersion) {
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

TYPED_TEST_P(MessageStoreContract, ReactionsComeByEmojiAndUser) {
  Rows rows;
  rows.reactions = {test::reaction(1, 1, "b", "bob"), test::reaction(1, 1, "a", "carol"), test::reaction(1, 1, "ab", "al"),
                    test::reaction(1, 1, "a", "alice"), test::reaction(1, 2, "a", "alice")};
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
  Rows taken_back;
  taken_back.reactions = {test::reaction(1, 1, "a", "carol", false)};
  this->commit(taken_back);
  EXPECT_THAT(listed(), testing::ElementsAre("a alice", "ab al", "b bob"));
  EXPECT_FALSE(*store.has_reaction(id, {1}, "a", {"carol"}));
}

TYPED_TEST_P(MessageStoreContract, TheFirstMoveAtOrAboveTellsWhenAUserReachedAMessage) {
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

TYPED_TEST_P(MessageStoreContract, ReceiptsComeAfterAPositionAndIndex) {
  Rows rows;
  rows.receipts = {test::receipt("alice", 300, 0), test::receipt("alice", 2, 1), test::receipt("alice", 2, 0),
                   test::receipt("al", 2, 0)};
  this->commit(rows);
  MessageStore& store = this->store();
  const auto listed = [&](std::uint64_t position, std::uint32_t index, std::size_t limit) {
    std::vector<std::pair<std::uint64_t, std::uint32_t>> found;
    const auto receipts = *store.receipts_after({"alice"}, {position}, index, limit);
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
  const auto read = store.receipts_after({"al"}, {}, 0, 9)->at(0);
  EXPECT_EQ(read.sender.text, "al");
  EXPECT_EQ(read.user_id.text, "bob");
  EXPECT_EQ(read.status, MessageStatus::kRead);
  EXPECT_EQ(read.message_id, test::message_id(1));
  EXPECT_EQ(read.conversation_id, test::conversation_id(1));
  EXPECT_EQ(read.seq.value, 2U);
  EXPECT_EQ(read.at, test::kStart);
}

TYPED_TEST_P(MessageStoreContract, DevicesArePutAndDropped) {
  MessageStore& store = this->store();
  EXPECT_TRUE(store.put_device({"bob"}, {{"phone"}, 1, 2, {3}, 4}));
  EXPECT_TRUE(store.put_device({"bob"}, {{""}, 5, 6, {}, 0}));
  EXPECT_TRUE(store.put_device({"bobby"}, {{"x"}, 5, 6, {}, 0}));
  EXPECT_TRUE(store.put_device({"bob"}, {{"phone"}, 1, 9, {10}, 11}));
  const auto devices = *store.devices({"bob"});
  ASSERT_EQ(devices.size(), 2U);
  EXPECT_EQ(devices[0].id.text, "");
  EXPECT_EQ(devices[1].id.text, "phone");
  EXPECT_EQ(devices[1].first_seen, 1);
  EXPECT_EQ(devices[1].last_seen, 9);
  EXPECT_EQ(devices[1].receipts_seen.value, 10U);
  EXPECT_EQ(devices[1].receipts_seen_index, 11U);
  EXPECT_TRUE(store.drop_device({"bob"}, {"phone"}));
  EXPECT_TRUE(store.drop_device({"bob"}, {"phone"}));
  EXPECT_EQ(store.devices({"bob"})->size(), 1U);
}

TYPED_TEST_P(MessageStoreContract, ThePositionIsThatOfTheLastCommit) {
  EXPECT_TRUE(this->store().commit({}, {17}));
  EXPECT_EQ(this->store().committed_position()->value, 17U);
  EXPECT_TRUE(this->store().commit(test::small_conversation(1, 1), {300}));
  EXPECT_EQ(this->store().committed_position()->value, 300U);
}

TYPED_TEST_P(MessageStoreContract, GenerationsOfAPairAreKept) {
  Rows rows;
  rows.private_pairs = {{{"alice"}, {"bob"}, 2}, {{"alice"}, {"bobby"}, 5}};
  this->commit(rows);
  EXPECT_EQ(*this->store().private_generation({"alice"}, {"bob"}), 2U);
  EXPECT_EQ(*this->store().private_generation({"alice"}, {"bobby"}), 5U);
  EXPECT_EQ(*this->store().private_generation({"alice"}, {"carol"}), 0U);
}

TYPED_TEST_P(MessageStoreContract, AnErasedConversationLeavesItsRowAlone) {
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

TYPED_TEST_P(MessageStoreContract, ALargeConversationIsErasedToo) {
  this->commit(test::small_conversation(1, 3'000));
  Rows erasing;
  erasing.erased = {test::conversation_id(1)};
  this->commit(erasing);
  EXPECT_TRUE(this->store().messages_after(test::conversation_id(1), {}, kEnd, 9'999)->empty());
  EXPECT_FALSE(*this->store().message(test::conversation_id(1), Seq{2'999}));
  EXPECT_EQ((*this->store().conversation(test::conversation_id(1)))->last_seq.value, 0U);
}

TYPED_TEST_P(MessageStoreContract, WhatIsPutAndErasedInOneCommitIsGone) {
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

TYPED_TEST_P(MessageStoreContract, ExpiredMessagesAreGoneForEveryReader) {
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

TYPED_TEST_P(MessageStoreContract, TheNumberingGoesOnWhenEverythingHasExpired) {
  this->commit(test::small_conversation(1, 5));
  this->store().expire_before(test::kStart + 1'000);
  EXPECT_TRUE(this->store().messages_after(test::conversation_id(1), {}, kEnd, 9)->empty());
  EXPECT_EQ((*this->store().load(test::conversation_id(1)))->head.last_seq.value, 5U);
  Rows rows;
  rows.messages = {test::message(1, 6)};
  this->commit(rows);
  EXPECT_EQ((*this->store().load(test::conversation_id(1)))->head.last_seq.value, 6U);
}

REGISTER_TYPED_TEST_SUITE_P(
    MessageStoreContract, AnEmptyStoreAnswersEmptily, EveryFieldOfAMessageComesBack,
    NoChannelsAndEmptyChannelsAreDifferent, LoadGivesHeadMembersAndProgress, TheConversationRowIsAFloorOfLastSeq,
    MembersComeInUserOrderAfterAUser, AUsersConversationsFollowTheirMemberRows, PagesGoForwardAndBackward,
    AScanGoesBackUntilItIsToldToStop, AMessageIsFoundByItsIdInEachConversation, TheGreatestIdsAreOrdinary,
    AMessageThatIsPutAgainReplacesItself, CommittingTheSameAgainChangesNothing,
    HeadersAreTheNewestAndThoseThatAskedForAReceipt, ChangesComeByVersion, ReactionsComeByEmojiAndUser,
    TheFirstMoveAtOrAboveTellsWhenAUserReachedAMessage, ReceiptsComeAfterAPositionAndIndex, DevicesArePutAndDropped,
    ThePositionIsThatOfTheLastCommit, GenerationsOfAPairAreKept, AnErasedConversationLeavesItsRowAlone,
    ALargeConversationIsErasedToo, WhatIsPutAndErasedInOneCommitIsGone, ExpiredMessagesAreGoneForEveryReader,
    TheNumberingGoesOnWhenEverythingHasExpired);

}  // namespace c4a
