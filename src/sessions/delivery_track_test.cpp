#include "sessions/delivery_track.h"

#include <gmock/gmock.h>

namespace c4a {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Verdict = DeliveryTrack::Verdict;

class DeliveryTrackTest : public testing::Test {
 protected:
  // A session that has read everything up to `last`.
  void open(std::uint64_t last) {
    track.begin(id, {{"phone"}, Seq{last}, {}}, Seq{last}, {});
    track.opened();
    track.fetched_receipts();
    ASSERT_TRUE(track.live());
  }
  Verdict hear(std::uint64_t seq, std::size_t bytes = 0) {
    return track.on_message(id, Seq{seq},
                            std::make_shared<const std::string>(std::to_string(seq) + std::string(bytes, 'x')));
  }
  std::vector<std::string> kept() {
    std::vector<std::string> texts;
    for (const auto& frame : track.take_kept()) texts.push_back(*frame);
    return texts;
  }

  const ConversationId id{Uuid::from_name("conversation")};
  DeliveryTrack track;
};

TEST_F(DeliveryTrackTest, WhatComesWhileTheStoreIsReadFollowsWithoutAnotherRead) {
  open(3);
  EXPECT_EQ(hear(6), Verdict::kLater) << "4 and 5 were lost";
  EXPECT_THAT(kept(), IsEmpty());
  ASSERT_EQ(track.next_fetch()->until, Seq{6});
  EXPECT_EQ(hear(7), Verdict::kLater);
  EXPECT_EQ(hear(8), Verdict::kLater);
  track.fetched_messages(id, Seq{6});
  EXPECT_THAT(kept(), ElementsAre("7", "8"));
  EXPECT_TRUE(track.live());
  EXPECT_EQ(hear(8), Verdict::kDrop);
  EXPECT_EQ(hear(9), Verdict::kSend);
}

TEST_F(DeliveryTrackTest, AHoleAmongThemIsRead) {
  open(3);
  hear(5);
  hear(7);
  track.fetched_messages(id, Seq{5});
  EXPECT_THAT(kept(), IsEmpty());
  EXPECT_EQ(track.next_fetch()->after, Seq{5});
  track.fetched_messages(id, Seq{6});
  EXPECT_THAT(kept(), ElementsAre("7"));
  EXPECT_TRUE(track.live());
}

TEST_F(DeliveryTrackTest, TheSessionsOwnMessagesAreNotSentAgain) {
  open(3);
  hear(5);
  track.on_sent(id, Seq{6});
  hear(7);
  track.fetched_messages(id, Seq{5});
  EXPECT_THAT(kept(), ElementsAre("7"));
  EXPECT_TRUE(track.live());
}

TEST_F(DeliveryTrackTest, NobodyPassesWhatIsRead) {
  open(3);
  const ConversationId other{Uuid::from_name("other")};
  hear(5);
  EXPECT_EQ(track.on_message(other, Seq{1}, std::make_shared<const std::string>("other")), Verdict::kLater);
  EXPECT_THAT(kept(), IsEmpty());
  track.fetched_messages(id, Seq{5});
  EXPECT_THAT(kept(), ElementsAre("other"));
  EXPECT_TRUE(track.live());
}

TEST_F(DeliveryTrackTest, WhatIsTooMuchIsReadFromTheStore) {
  open(3);
  hear(5);
  for (std::uint64_t seq = 6; seq <= 10; ++seq) hear(seq, 60 * 1024);
  track.fetched_messages(id, Seq{5});
  EXPECT_THAT(kept(), IsEmpty());
  EXPECT_EQ(track.next_fetch()->until, Seq{10});
  track.fetched_messages(id, Seq{10});
  EXPECT_THAT(kept(), IsEmpty());
  EXPECT_EQ(hear(11), Verdict::kSend);
}

TEST_F(DeliveryTrackTest, EventsBeforeTheSnapshotAreNotRepeated) {
  hear(4);
  hear(5);
  EXPECT_THAT(kept(), IsEmpty());
  track.begin(id, {{"phone"}, Seq{2}, {}}, Seq{4}, {});
  track.opened();
  EXPECT_THAT(kept(), IsEmpty());
  EXPECT_EQ(track.next_fetch()->until, Seq{5});
  track.fetched_messages(id, Seq{4});
  EXPECT_THAT(kept(), ElementsAre("5"));
  EXPECT_EQ(track.next_fetch()->kind, DeliveryTrack::Fetch::Kind::kReceipts);
}

}  // namespace
}  // namespace c4a
