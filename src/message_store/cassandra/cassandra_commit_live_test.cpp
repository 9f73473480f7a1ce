// What CassandraMessageStore promises beyond the contract: commits that are interrupted, repeated, late or large, and
// conversations of many buckets.

#include <gmock/gmock.h>

#include <algorithm>
#include <numeric>

#include "message_store/cassandra/cassandra_test_cluster.h"
#include "message_store/cassandra/commit.h"
#include "message_store/message_store_rows.h"

namespace c4a {
namespace {

using cassandra::Commit;
using Seqs = std::vector<std::uint64_t>;

constexpr std::int64_t kBucketRows = 4;
constexpr Seq kEnd{~std::uint64_t{0}};

Seqs numbers(std::uint64_t first, std::uint64_t last) {
  Seqs all(last - first + 1);
  std::iota(all.begin(), all.end(), first);
  return all;
}

Seqs seqs_of(const auto& rows) {
  Seqs seqs;
  for (const auto& row : *rows) seqs.push_back(row.seq.value);
  return seqs;
}

class CassandraCommitTest : public testing::Test {
 protected:
  void SetUp() override {
    auto session = cassandra::CqlSession::connect(harness_.options());
    ASSERT_EQ(test::why(session), "");
    session_ = std::move(*session);
    ASSERT_EQ(test::why(session_->prepare()), "");
  }

  MessageStore& store() { return harness_.store(); }
  void commit(const Rows& rows) { ASSERT_EQ(test::why(store().commit(rows, {1'000'000})), ""); }

  // What a crash leaves.
  void commit_only(const Rows& rows, std::initializer_list<Commit::Step> steps) {
    Commit commit(*session_, layout_);
    for (const auto& conversation : cassandra::by_conversation(rows, {1'000'000})) {
      ASSERT_EQ(test::why(commit.add(conversation)), "");
    }
    ASSERT_EQ(test::why(commit.write_only(steps)), "");
  }

  bool has_redo(const ConversationId& id) {
    const auto head = cassandra::read_head(*session_, id);
    EXPECT_EQ(test::why(head), "");
    return head && !head->redo.empty();
  }

  // One commit at `position`: messages first to last with what belongs to them, and the head that says so.
  static Rows rows_of(std::uint64_t first, std::uint64_t last, std::uint64_t position) {
    Rows rows;
    rows.conversations = {test::conversation(1)};
    rows.conversations[0].last_seq = {last};
    rows.conversations[0].version = {last};
    rows.conversations[0].applied = {position};
    for (std::uint64_t seq = first; seq <= last; ++seq) {
      rows.messages.push_back(test::message(1, seq));
      rows.messages.back().request_delivery_receipt = seq % 3 == 0;
      rows.changes.push_back(test::change(1, seq));
      rows.moves.push_back(test::move(1, "bob", HorizonMove::Kind::kRead, seq));
      rows.reactions.push_back(test::reaction(1, seq, "+", "bob"));
    }
    rows.progress = {test::progress(1, "bob", last, last)};
    rows.members = {test::member(1, "bob")};
    return rows;
  }

  test::CassandraHarness<kBucketRows> harness_;
  std::unique_ptr<cassandra::CqlSession> session_;
  cassandra::Layout layout_{kBucketRows, 0};
  const ConversationId id_ = test::conversation_id(1);
};

TEST_F(CassandraCommitTest, PagesGoAcrossBuckets) {
  commit(rows_of(1, 11, 10));
  commit(rows_of(12, 23, 20));
  EXPECT_EQ(seqs_of(store().messages_after(id_, {}, kEnd, 100)), numbers(1, 23));
  EXPECT_EQ(seqs_of(store().messages_after(id_, {2}, {17}, 100)), numbers(3, 17));
  EXPECT_EQ(seqs_of(store().messages_after(id_, {3}, kEnd, 9)), numbers(4, 12));
  EXPECT_EQ(seqs_of(store().messages_after(id_, {20}, kEnd, 9)), numbers(21, 23));
  EXPECT_TRUE(store().messages_after(id_, {23}, kEnd, 9)->empty());
  EXPECT_EQ(seqs_of(store().messages_before(id_, kEnd, 9)), numbers(15, 23));
  EXPECT_EQ(seqs_of(store().messages_before(id_, {9}, 100)), numbers(1, 8));
  EXPECT_EQ(seqs_of(store().messages_before(id_, {4}, 2)), numbers(2, 3));
  EXPECT_EQ(seqs_of(store().headers(id_, {1}, kEnd, 4)), (Seqs{3, 6, 9, 12, 15, 18, 20, 21, 22, 23}));
  EXPECT_EQ(seqs_of(store().headers(id_, {6}, {16}, 0)), (Seqs{9, 12, 15}));
  const auto changes = *store().changes_after(id_, {2}, {~std::uint64_t{0}}, 100);
  EXPECT_EQ(changes.size(), 21U);
  EXPECT_EQ(changes.back().version.value, 23U);
  EXPECT_EQ(store().changes_after(id_, {5}, {19}, 6)->back().version.value, 11U);
  EXPECT_TRUE(*store().has_reaction(id_, {22}, "+", {"bob"}));
}

TEST_F(CassandraCommitTest, AMoveIsFoundInALaterBucket) {
  Rows rows = rows_of(1, 30, 10);
  rows.moves = {test::move(1, "bob", HorizonMove::Kind::kRead, 2), test::move(1, "bob", HorizonMove::Kind::kRead, 29)};
  commit(rows);
  EXPECT_EQ((*store().first_move(id_, {"bob"}, HorizonMove::Kind::kRead, {2}))->up_to.value, 2U);
  EXPECT_EQ((*store().first_move(id_, {"bob"}, HorizonMove::Kind::kRead, {3}))->up_to.value, 29U);
  EXPECT_FALSE(*store().first_move(id_, {"bob"}, HorizonMove::Kind::kRead, {30}));
  EXPECT_FALSE(*store().first_move(id_, {"carol"}, HorizonMove::Kind::kRead, {3}));
}

TEST_F(CassandraCommitTest, ACommitThatEndsBeforeItsHeadIsNotThere) {
  commit(rows_of(1, 11, 10));
  commit_only(rows_of(12, 23, 20), {Commit::Step::kBefore});
  EXPECT_EQ(seqs_of(store().messages_after(id_, {}, kEnd, 100)), numbers(1, 11));
  EXPECT_EQ((*store().load(id_))->head.applied.value, 10U);
}

TEST_F(CassandraCommitTest, RowsBesideAHeadThatIsNotThereLeadToNothing) {
  commit(rows_of(1, 11, 10));
  Rows rows = rows_of(12, 23, 20);
  rows.conversations.push_back(test::conversation(2));
  rows.conversations.back().applied = {20};
  rows.members.push_back(test::member(2, "carol"));
  commit_only(rows, {Commit::Step::kBefore, Commit::Step::kBeside});
  for (std::uint64_t seq = 12; seq <= 23; ++seq) {
    const MessageId id = test::message(1, seq).message_id;
    EXPECT_FALSE(*store().message(id_, id)) << seq << ": a repeat is decided as the first";
    EXPECT_TRUE(store().find_message(id)->empty()) << seq;
  }
  EXPECT_EQ(seqs_of(store().messages_after(id_, {}, kEnd, 100)), numbers(1, 11));
  EXPECT_EQ(store().conversations_of({"carol"})->size(), 1U);
  EXPECT_FALSE(*store().conversation(test::conversation_id(2)));
  EXPECT_EQ((*store().load(id_))->head.applied.value, 10U);
  commit(rows);
  EXPECT_EQ((*store().message(id_, test::message(1, 23).message_id))->seq.value, 23U);
}

TEST_F(CassandraCommitTest, AnInterruptedCommitHasNoHoleAndLoadCompletesIt) {
  commit(rows_of(1, 11, 10));
  Rows rows = rows_of(12, 23, 20);
  rows.members.push_back(test::member(1, "carol"));
  rows.receipts = {test::receipt("alice", 20, 0)};
  commit_only(rows, {Commit::Step::kBefore, Commit::Step::kHeads});
  const MessageId last = test::message(1, 23).message_id;

  EXPECT_EQ(store().conversation(id_)->value().last_seq.value, 23U);
  EXPECT_EQ(seqs_of(store().messages_after(id_, {}, kEnd, 100)), numbers(1, 23));
  EXPECT_EQ(seqs_of(store().messages_after(id_, {9}, kEnd, 5)), numbers(10, 14));
  EXPECT_EQ(seqs_of(store().messages_before(id_, kEnd, 15)), numbers(9, 23));
  EXPECT_EQ(seqs_of(store().headers(id_, {9}, kEnd, 2)), (Seqs{12, 15, 18, 21, 22, 23}));
  EXPECT_EQ((*store().message(id_, Seq{23}))->message_id, last);
  EXPECT_EQ((*store().message(id_, last))->seq.value, 23U);
  EXPECT_EQ(store().changes_after(id_, {}, {~std::uint64_t{0}}, 100)->size(), 23U);
  EXPECT_TRUE(store().find_message(last)->empty()) << "nothing else is written yet";

  EXPECT_EQ((*store().load(id_))->head.applied.value, 20U);
  EXPECT_FALSE(has_redo(id_));
  EXPECT_EQ(store().find_message(last)->size(), 1U);
  EXPECT_EQ(store().conversations_of({"carol"})->size(), 1U);
  EXPECT_EQ(store().receipts_after({"alice"}, {}, kEndOfLog, 9)->size(), 1U);
  EXPECT_TRUE(*store().has_reaction(id_, {22}, "+", {"bob"}));
  EXPECT_EQ(seqs_of(store().messages_after(id_, {}, kEnd, 100)), numbers(1, 23));
  EXPECT_EQ((*store().first_move(id_, {"bob"}, HorizonMove::Kind::kRead, {23}))->up_to.value, 23U);
}

// What a reader sees whom other replicas answer than the one that has the mutation.
TEST_F(CassandraCommitTest, LoadWritesAlsoTheRowsOfTheHeadsOwnMutationAgain) {
  commit_only(rows_of(1, 3, 10), {Commit::Step::kBefore, Commit::Step::kHeads});
  for (const char* table : {"messages", "members", "horizons", "reactions"}) {
    const auto gone =
        test::CassandraCluster::get().query(fmt::format("TRUNCATE {}.{}", harness_.options().keyspace, table));
    ASSERT_EQ(test::why(gone), "");
  }
  EXPECT_EQ((*store().load(id_))->members().size(), 1U);
  EXPECT_EQ(seqs_of(store().messages_after(id_, {}, kEnd, 100)), numbers(1, 3));
  EXPECT_EQ(store().progress(id_, {"bob"})->read.value, 3U);
  EXPECT_TRUE(*store().has_reaction(id_, {2}, "+", {"bob"}));
}

TEST_F(CassandraCommitTest, ARepeatedCommitChangesNothing) {
  commit(rows_of(1, 11, 10));
  commit(rows_of(12, 23, 20));
  commit(rows_of(12, 23, 20));
  commit(rows_of(1, 11, 10));
  EXPECT_EQ(seqs_of(store().messages_after(id_, {}, kEnd, 100)), numbers(1, 23));
  EXPECT_EQ(store().conversation(id_)->value().applied.value, 20U);
  EXPECT_EQ((*store().load(id_))->members().size(), 1U);
  EXPECT_EQ(store().changes_after(id_, {}, {99}, 100)->size(), 23U);
}

TEST_F(CassandraCommitTest, LateRowsOfAFormerOwnerDoNoHarm) {
  Rows later = rows_of(1, 6, 20);
  later.messages[5].edited_at = 77;
  later.members[0].member.left_at = 5;
  later.reactions[5].present = false;
  later.private_pairs = {{{"alice"}, {"bob"}, 2}};
  commit(later);
  Rows late = rows_of(1, 6, 10);
  late.private_pairs = {{{"alice"}, {"bob"}, 1}};
  commit(late);
  EXPECT_EQ(store().conversation(id_)->value().applied.value, 20U);
  EXPECT_EQ((*store().message(id_, Seq{6}))->edited_at, 77);
  EXPECT_FALSE((*store().member(id_, {"bob"}))->active());
  EXPECT_FALSE(store().conversations_of({"bob"})->at(0).active);
  EXPECT_FALSE(*store().has_reaction(id_, {6}, "+", {"bob"}));
  EXPECT_EQ(*store().private_generation({"alice"}, {"bob"}), 2U);
}

TEST_F(CassandraCommitTest, OfRowsWithOneKeyInACommitTheLastStays) {
  Rows rows = rows_of(1, 6, 20);
  rows.messages.push_back(rows.messages[4]);
  rows.messages.back().payload = R"({"a":1})";  // shorter: by bytes the other one would win
  rows.reactions = {test::reaction(1, 5, "a", "bob", false), test::reaction(1, 5, "a", "bob"),
                    test::reaction(1, 2, "b", "bob"), test::reaction(1, 2, "b", "bob", false)};
  rows.conversations.insert(rows.conversations.begin(), test::conversation(1));
  commit(rows);
  EXPECT_EQ((*store().message(id_, Seq{5}))->payload, R"({"a":1})");
  EXPECT_TRUE(*store().has_reaction(id_, {5}, "a", {"bob"}));
  EXPECT_FALSE(*store().has_reaction(id_, {2}, "b", {"bob"}));
  EXPECT_EQ(store().conversation(id_)->value().applied.value, 20U);
}

TEST_F(CassandraCommitTest, AnErasedConversationOfManyBucketsIsGone) {
  commit(rows_of(1, 23, 10));
  Rows erasing;
  erasing.conversations = {test::conversation(1)};
  erasing.conversations[0].last_seq = {23};
  erasing.conversations[0].applied = {20};
  erasing.conversations[0].deleted = true;
  erasing.erased = {id_};
  commit(erasing);
  for (std::uint64_t seq = 1; seq <= 23; ++seq) EXPECT_FALSE(*store().message(id_, Seq{seq})) << seq;
  EXPECT_TRUE(store().messages_after(id_, {}, kEnd, 100)->empty());
  EXPECT_TRUE(store().messages_before(id_, kEnd, 100)->empty());
  EXPECT_TRUE(store().changes_after(id_, {}, {99}, 100)->empty());
  EXPECT_TRUE(store().reactions(id_, {22})->empty());
  EXPECT_TRUE(store().conversations_of({"bob"})->empty());
  commit(rows_of(1, 23, 10));
  EXPECT_FALSE(*store().message(id_, Seq{22})) << "late rows stay gone";
  EXPECT_TRUE(store().conversation(id_)->value().deleted);
}

// A group of 3,000 members, with messages that are together larger than a mutation may be.
Rows large_rows() {
  Rows rows;
  rows.conversations = {test::conversation(1)};
  rows.conversations[0].applied = {30};
  rows.conversations[0].last_seq = {3};
  for (int i = 0; i < 3'000; ++i) {
    rows.members.push_back(test::member(1, fmt::format("a-member-with-a-rather-long-name-{:05}", i)));
  }
  for (std::uint64_t seq = 1; seq <= 3; ++seq) {
    rows.messages.push_back(test::message(1, seq));
    rows.messages.back().payload = fmt::format(R"({{"type":"text","text":"{}"}})", std::string(60'000, 'x'));
  }
  return rows;
}

TEST_F(CassandraCommitTest, ALargeCommitIsWholeAndLeavesNoRedoRecord) {
  commit(large_rows());
  EXPECT_EQ((*store().load(id_))->members().size(), 3'000U);
  EXPECT_FALSE(has_redo(id_));
  EXPECT_EQ(seqs_of(store().messages_after(id_, {}, kEnd, 9)), numbers(1, 3));
  EXPECT_EQ(store().conversations_of({"a-member-with-a-rather-long-name-02999"})->size(), 1U);
  EXPECT_EQ(store().conversations_of({"a-member-with-a-rather-long-name-00000"})->size(), 1U);
}

TEST_F(CassandraCommitTest, ALargeCommitThatIsInterruptedIsCompletedByLoad) {
  commit_only(large_rows(), {Commit::Step::kBefore, Commit::Step::kHeads});
  EXPECT_TRUE(has_redo(id_));
  EXPECT_EQ((*store().load(id_))->members().size(), 3'000U);
  EXPECT_FALSE(has_redo(id_));
  EXPECT_EQ(seqs_of(store().messages_after(id_, {}, kEnd, 9)), numbers(1, 3));
  EXPECT_EQ(store().conversations_of({"a-member-with-a-rather-long-name-02999"})->size(), 1U);
}

TEST_F(CassandraCommitTest, NoMutationIsLargerThanAQuarterMegabyte) {
  Commit commit(*session_, layout_);
  for (const auto& conversation : cassandra::by_conversation(large_rows(), {1})) {
    ASSERT_EQ(test::why(commit.add(conversation)), "");
  }
  EXPECT_LT(commit.largest_batch(), 256U * 1024);
}

TEST_F(CassandraCommitTest, RowsExpireWithTheirMessages) {
  CassandraOptions options = harness_.options();
  options.retention_days = 10;
  auto store = std::move(*open_cassandra_message_store(options));
  Rows rows = rows_of(1, 6, 10);
  const TimestampMs now = system_clock().now_ms();
  for (Message& message : rows.messages) message.created_at = now - 86'400'000;
  ASSERT_EQ(test::why(store->commit(rows, {10})), "");
  const auto ttl = [&](const std::string& column, const std::string& table) {
    auto rows_found = test::CassandraCluster::get().query(
        fmt::format("SELECT TTL({}) FROM {}.{} LIMIT 1", column, options.keyspace, table));
    EXPECT_EQ(test::why(rows_found), "");
    return rows_found ? rows_found->number() : 0;
  };
  EXPECT_NEAR(static_cast<double>(ttl("message", "messages")), 9 * 86'400, 60);
  EXPECT_NEAR(static_cast<double>(ttl("seq", "message_ids")), 9 * 86'400, 60);
  EXPECT_EQ(ttl("head", "conversations"), 0);
}

}  // namespace
}  // namespace c4a
