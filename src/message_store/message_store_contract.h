#pragma once

// What every MessageStore promises, as two suites that each implementation passes: this one for conversations, members
// and messages, message_store_history_contract.h for what happens to them.

#include "message_store/message_store_contract_fixture.h"
#include "message_store/message_store_history_contract.h"

namespace c4a {

template <class Harness>
class MessageStoreContract : public MessageStoreContractFixture<Harness> {};

TYPED_TEST_SUITE_P(MessageStoreContract);

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
  EXPECT_TRUE(store.receipts_after({"alice"}, {}, kEndOfLog, 10)->empty());
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

TYPED_TEST_P(MessageStoreContract, TheProgressOfAllIsReadAtOnce) {
  Rows rows = test::small_conversation(1, 3);
  rows.progress = {test::progress(1, "bob", 2, 1), test::progress(1, "alice", 3, 3)};
  this->commit(rows);
  const auto all = *this->store().all_progress(test::conversation_id(1));
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].first.text, "alice");
  EXPECT_EQ(all[0].second.read.value, 3U);
  EXPECT_EQ(all[1].first.text, "bob");
  EXPECT_EQ(all[1].second.delivered.value, 2U);
  EXPECT_TRUE(this->store().all_progress(test::conversation_id(2))->empty());
}

TYPED_TEST_P(MessageStoreContract, StandingsComeInTheOrderAsked) {
  Rows rows = test::small_conversation(1, 3);
  rows.progress = {test::progress(1, "bob", 2, 1)};
  this->commit(rows);
  this->commit(test::small_conversation(2, 5));
  const std::vector<ConversationId> ids = {test::conversation_id(2), test::conversation_id(9),
                                           test::conversation_id(1)};
  const auto all = *this->store().standings(ids, {"bob"});
  ASSERT_EQ(all.size(), 3U);
  ASSERT_TRUE(all[0]);
  EXPECT_EQ(all[0]->head.id, ids[0]);
  EXPECT_EQ(all[0]->head.last_seq.value, 5U);
  EXPECT_EQ(all[0]->progress.delivered.value, 0U);
  EXPECT_FALSE(all[1]) << "there is no such conversation";
  ASSERT_TRUE(all[2]);
  EXPECT_EQ(all[2]->member.user_id.text, "bob");
  EXPECT_EQ(all[2]->progress.delivered.value, 2U);
  for (const auto& one : *this->store().standings(ids, {"carol"})) EXPECT_FALSE(one) << "she never was in it";
  EXPECT_TRUE(this->store().standings({}, {"bob"})->empty());
}

TYPED_TEST_P(MessageStoreContract, MessagesAtPlacesComeInTheOrderAsked) {
  this->commit(test::small_conversation(1, 3));
  this->commit(test::small_conversation(2, 5));
  const std::vector<MessagePlace> places = {
      {test::conversation_id(2), {5}}, {test::conversation_id(1), {4}}, {test::conversation_id(1), {2}}};
  const auto all = *this->store().messages_at(places);
  ASSERT_EQ(all.size(), 3U);
  ASSERT_TRUE(all[0]);
  EXPECT_EQ(all[0]->conversation_id, test::conversation_id(2));
  EXPECT_EQ(all[0]->seq.value, 5U);
  EXPECT_FALSE(all[1]) << "past the end";
  ASSERT_TRUE(all[2]);
  EXPECT_EQ(all[2]->seq.value, 2U);
  EXPECT_TRUE(this->store().messages_at({})->empty());
}

TYPED_TEST_P(MessageStoreContract, ManyAreLoadedInTheOrderAskedWithTheirNewestHeaders) {
  this->commit(test::small_conversation(1, 3));
  this->commit(test::small_conversation(2, 5));
  const std::vector<ConversationId> ids = {test::conversation_id(2), test::conversation_id(9),
                                           test::conversation_id(1)};
  const auto states = *this->store().load_all(ids, 4);
  ASSERT_EQ(states.size(), 3U);
  ASSERT_TRUE(states[0]);
  EXPECT_EQ(states[0]->head.id, ids[0]);
  EXPECT_EQ(states[0]->active_count(), 2U);
  EXPECT_EQ(this->seqs(states[0]->recent), (Seqs{2, 3, 4, 5}));
  EXPECT_FALSE(states[1]) << "there is no such conversation";
  ASSERT_TRUE(states[2]);
  EXPECT_EQ(this->seqs(states[2]->recent), (Seqs{1, 2, 3}));
  EXPECT_TRUE(this->store().load_all({}, 4)->empty());
  const auto heads = *this->store().conversations(ids);
  ASSERT_EQ(heads.size(), 3U);
  ASSERT_TRUE(heads[0]);
  EXPECT_EQ(heads[0]->last_seq.value, 5U);
  EXPECT_FALSE(heads[1]);
  ASSERT_TRUE(heads[2]);
  EXPECT_EQ(heads[2]->last_seq.value, 3U);
}

TYPED_TEST_P(MessageStoreContract, MessagesSoughtByTheirIdsComeInTheOrderAsked) {
  this->commit(test::small_conversation(1, 3));
  this->commit(test::small_conversation(2, 5));
  const std::vector<MessageSought> sought = {
      {test::conversation_id(2), test::message(2, 4).message_id},
      {test::conversation_id(1), test::message(2, 4).message_id},
      {test::conversation_id(9), test::message(9, 1).message_id},
      {test::conversation_id(1), test::message(1, 2).message_id},
  };
  const auto all = *this->store().messages_sought(sought);
  ASSERT_EQ(all.size(), 4U);
  ASSERT_TRUE(all[0]);
  EXPECT_EQ(all[0]->conversation_id, test::conversation_id(2));
  EXPECT_EQ(all[0]->seq.value, 4U);
  EXPECT_FALSE(all[1]) << "the id is another conversation's";
  EXPECT_FALSE(all[2]);
  ASSERT_TRUE(all[3]);
  EXPECT_EQ(all[3]->seq.value, 2U);
}

TYPED_TEST_P(MessageStoreContract, AHeadAndAMemberComeTogether) {
  this->commit(test::small_conversation(1, 3));
  const auto id = test::conversation_id(1);
  const auto member = this->store().members(id, {}, 1)->front();
  const auto [head, found] = *this->store().head_and_member(id, member.user_id);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->last_seq.value, 3U);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->user_id, member.user_id);
  const auto [same, nobody] = *this->store().head_and_member(id, {"nobody"});
  EXPECT_TRUE(same);
  EXPECT_FALSE(nobody);
  EXPECT_FALSE(this->store().head_and_member(test::conversation_id(2), member.user_id)->first);
}

TYPED_TEST_P(MessageStoreContract, OneCopyHasWhatWasCommitted) {
  this->commit(test::small_conversation(1, 3));
  const auto found = *this->store().message_in_one_copy(test::conversation_id(1), test::message(1, 2).message_id);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->seq.value, 2U);
  EXPECT_EQ(found->payload, test::message(1, 2).payload);
  EXPECT_FALSE(*this->store().message_in_one_copy(test::conversation_id(2), test::message(1, 2).message_id));
  EXPECT_FALSE(*this->store().message_in_one_copy(test::conversation_id(1), test::message(1, 9).message_id));
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
  EXPECT_EQ(store.receipts_after({"alice"}, {}, kEndOfLog, 9)->size(), 1U);
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

REGISTER_TYPED_TEST_SUITE_P(MessageStoreContract, AnEmptyStoreAnswersEmptily, EveryFieldOfAMessageComesBack,
                            NoChannelsAndEmptyChannelsAreDifferent, LoadGivesHeadMembersAndProgress,
                            TheProgressOfAllIsReadAtOnce, StandingsComeInTheOrderAsked,
                            MessagesAtPlacesComeInTheOrderAsked, ManyAreLoadedInTheOrderAskedWithTheirNewestHeaders,
                            MessagesSoughtByTheirIdsComeInTheOrderAsked, OneCopyHasWhatWasCommitted,
                            AHeadAndAMemberComeTogether, TheConversationRowIsAFloorOfLastSeq,
                            MembersComeInUserOrderAfterAUser, AUsersConversationsFollowTheirMemberRows,
                            PagesGoForwardAndBackward, AScanGoesBackUntilItIsToldToStop,
                            AMessageIsFoundByItsIdInEachConversation, TheGreatestIdsAreOrdinary,
                            AMessageThatIsPutAgainReplacesItself, CommittingTheSameAgainChangesNothing,
                            HeadersAreTheNewestAndThoseThatAskedForAReceipt);

}  // namespace c4a
