// Pages of messages and changes where a head tells of more than can be read.

#include "sessions/fetch_page.h"

#include <gtest/gtest.h>

#include <functional>

#include "message_store/fake_message_store.h"
#include "message_store/message_store_rows.h"

namespace c4a {
namespace {

class LeadingStore final : public FakeMessageStore {
 public:
  bool heads_may_lead() const override { return leads; }
  Result<std::vector<Message>> messages_after(const ConversationId& id, Seq after, Seq until,
                                              std::size_t limit) override {
    if (++reads_ == 3 && at_third_read) at_third_read();
    return FakeMessageStore::messages_after(id, after, until, limit);
  }

  bool leads = true;
  std::function<void()> at_third_read;

 private:
  int reads_ = 0;
};

class FetchPageTest : public testing::Test {
 protected:
  void SetUp() override {
    Rows rows = test::small_conversation(1, 3);
    user_ = rows.members.front().member.user_id;
    ASSERT_TRUE(store_.commit(rows, {1}));
  }
  void store_message(std::uint64_t seq) {
    Rows rows;
    rows.messages = {test::message(1, seq)};
    ASSERT_TRUE(store_.commit(rows, {2}));
  }
  FetchedPage fetch(std::uint64_t until, bool give_up = false) {
    DeliveryTrack::Fetch wanted;
    wanted.conversation = test::conversation_id(1);
    wanted.until = Seq{until};
    return *fetch_page(store_, user_, {"device"}, wanted, {}, {.give_up = give_up});
  }

  LeadingStore store_;
  UserId user_;
};

TEST_F(FetchPageTest, WhatAHeadToldOfIsWaitedFor) {
  store_.at_third_read = [this] {
    store_message(4);
    store_message(5);
  };
  const FetchedPage page = fetch(5);
  EXPECT_EQ(page.seq.value, 5U);
  EXPECT_FALSE(page.incomplete);
  EXPECT_NE(page.frames->find(test::message(1, 5).message_id.str()), std::string::npos);
}

TEST_F(FetchPageTest, WhatIsNotThereYetIsNotPassedOver) {
  const FetchedPage page = fetch(5);
  EXPECT_TRUE(page.incomplete);
  EXPECT_EQ(page.seq.value, 3U);
  EXPECT_TRUE(page.frames);
}

TEST_F(FetchPageTest, WhatDoesNotComeIsGivenUp) {
  const FetchedPage page = fetch(5, true);
  EXPECT_FALSE(page.incomplete);
  EXPECT_EQ(page.seq.value, 5U);
}

TEST_F(FetchPageTest, WhereHeadsDoNotLeadWhatIsMissingHasExpired) {
  store_.leads = false;
  const FetchedPage page = fetch(5);
  EXPECT_FALSE(page.incomplete);
  EXPECT_EQ(page.seq.value, 5U);
}

}  // namespace
}  // namespace c4a
