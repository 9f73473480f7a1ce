// Durable receipts of a session: what the store has and what comes live, from any number of lanes, each once.

#include <gtest/gtest.h>

#include <algorithm>

#include "message_store/fake_message_store.h"
#include "message_store/message_store_rows.h"
#include "sessions/fetch_page.h"

namespace c4a {
namespace {

constexpr std::uint64_t kLow = 4;
constexpr std::uint64_t kHigh = 9;

ReceiptPlace at(std::uint64_t lane, std::uint64_t offset) { return {{lane_begin(lane).value + offset}, 0}; }

class ReceiptPagesTest : public testing::Test {
 protected:
  void put(const ReceiptPlace& place) {
    Rows rows;
    rows.receipts = {test::receipt("alice", place.position.value, place.index)};
    ASSERT_TRUE(store_.commit(rows, place.position));
  }
  FetchedPage fetch(const ReceiptsSeen& seen, std::size_t page_bytes = kDefaultPageBytes) {
    DeliveryTrack::Fetch wanted;
    wanted.kind = DeliveryTrack::Fetch::Kind::kReceipts;
    return *fetch_page(store_, {"alice"}, {}, wanted, seen, {}, page_bytes);
  }
  static std::size_t frames(const FetchedPage& page) {
    return page.frames ? static_cast<std::size_t>(std::ranges::count(*page.frames, '\n')) + 1 : 0;
  }

  FakeMessageStore store_;
};

TEST_F(ReceiptPagesTest, ALaneThatIsBehindAnotherIsReadOnFromItsOwnPlace) {
  for (std::uint64_t offset = 1; offset <= 5; ++offset) put(at(kHigh, offset));
  put(at(kLow, 1));
  const FetchedPage all = fetch({});
  EXPECT_EQ(frames(all), 6u);
  EXPECT_FALSE(all.more);
  put(at(kLow, 2));
  put(at(kHigh, 6));
  put(at(kLow - 1, 3));
  const FetchedPage rest = fetch(all.receipts);
  EXPECT_EQ(frames(rest), 3u);
  EXPECT_EQ(rest.receipts.places(), (std::vector{at(kLow - 1, 3), at(kLow, 2), at(kHigh, 6)}));
  EXPECT_EQ(frames(fetch(rest.receipts)), 0u);
}

TEST_F(ReceiptPagesTest, PagesGoOnWhereTheLastOneEnded) {
  for (std::uint64_t offset = 1; offset <= 3; ++offset) {
    put(at(kLow, offset));
    put(at(kHigh, offset));
  }
  FetchedPage page = fetch({}, 1);
  std::size_t count = frames(page);
  while (page.more) {
    page = fetch(page.receipts, 1);
    count += frames(page);
  }
  EXPECT_EQ(count, 6u);
}

TEST(ReceiptsSeenTest, OneOfAHigherLaneSaysNothingOfALowerOne) {
  ReceiptsSeen seen;
  seen.add(at(kHigh, 3));
  EXPECT_TRUE(seen.has(at(kHigh, 3)));
  EXPECT_TRUE(seen.has(at(kHigh, 2)));
  EXPECT_FALSE(seen.has(at(kHigh, 4)));
  EXPECT_FALSE(seen.has(at(kLow, 1)));
  seen.add(at(kLow, 7));
  seen.add(at(kLow, 5));
  EXPECT_TRUE(seen.has(at(kLow, 6)));
  EXPECT_EQ(seen.places(), (std::vector{at(kLow, 7), at(kHigh, 3)}));
}

}  // namespace
}  // namespace c4a
