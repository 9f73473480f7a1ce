// The contract, over every implementation that needs no server.

#include "message_store/fake_message_store.h"
#include "message_store/message_store_contract.h"
#include "message_store/rocks_message_store.h"
#include "message_store/scratch_directory.h"

namespace c4a {
namespace {

struct FakeHarness {
  FakeMessageStore fake;
  MessageStore& store() { return fake; }
};

struct RocksHarness {
  test::ScratchDirectory directory;
  std::unique_ptr<RocksMessageStore> rocks;
  RocksHarness() {
    RocksMessageStoreOptions options;
    options.path = directory.path();
    rocks = std::move(*RocksMessageStore::open(options));
  }
  MessageStore& store() { return *rocks; }
};

// The same with everything in table files instead of memory: other code reads it.
class CompactedStore final : public RocksHarness {
 public:
  MessageStore& store() {
    EXPECT_TRUE(rocks->compact());
    return *rocks;
  }
};

using Harnesses = testing::Types<FakeHarness, RocksHarness, CompactedStore>;
INSTANTIATE_TYPED_TEST_SUITE_P(Stores, MessageStoreContract, Harnesses);
INSTANTIATE_TYPED_TEST_SUITE_P(Stores, MessageStoreHistoryContract, Harnesses);

TEST(FakeMessageStoreTest, CommitsFailAsOftenAsAskedAndStoreNothing) {
  FakeMessageStore store;
  store.fail_next_commits(2);
  EXPECT_EQ(store.commit(test::small_conversation(1, 1), {1}).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(store.commit(test::small_conversation(1, 1), {1}).error().code, ErrorCode::kUnavailable);
  EXPECT_FALSE(*store.load(test::conversation_id(1)));
  EXPECT_EQ(store.commits(), 0U);
  EXPECT_TRUE(store.commit(test::small_conversation(1, 1), {1}));
  EXPECT_TRUE(*store.load(test::conversation_id(1)));
  EXPECT_EQ(store.commits(), 1U);
}

TEST(FakeMessageStoreTest, NothingAnswersWhileItIsAway) {
  FakeMessageStore store;
  store.set_available(false);
  EXPECT_EQ(store.check().error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(store.load(test::conversation_id(1)).error().code, ErrorCode::kUnavailable);
  store.set_available(true);
  EXPECT_TRUE(store.check());
}

}  // namespace
}  // namespace c4a
