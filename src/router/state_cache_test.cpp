#include "router/state_cache.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <limits>

namespace c4a {
namespace {

constexpr std::size_t kAny = std::numeric_limits<std::size_t>::max();

ConversationId id(int number) { return {Uuid::from_name(fmt::format("conversation {}", number))}; }

std::unique_ptr<ConversationState> state(int number, int members = 2) {
  Conversation head;
  head.id = id(number);
  auto made = std::make_unique<ConversationState>(std::move(head));
  for (int i = 0; i < members; ++i) {
    MemberState member;
    member.member.user_id = {fmt::format("a user of some length {}", i)};
    made->add(std::move(member));
  }
  return made;
}

void fill(StateCache& cache, int conversations) {
  for (int number = 0; number < conversations; ++number) cache.insert(id(number), state(number));
  cache.close_all();
}

TEST(StateCacheTest, TheLongestUnusedGoWhenThereAreTooMany) {
  StateCache cache({.conversations = 3, .bytes = kAny});
  fill(cache, 3);
  EXPECT_NE(cache.find(id(0)), nullptr);
  cache.insert(id(3), state(3));
  cache.close_all();
  EXPECT_EQ(cache.size(), 3u);
  EXPECT_EQ(cache.find(id(1)), nullptr);
  EXPECT_NE(cache.find(id(0)), nullptr);
}

TEST(StateCacheTest, TheLongestUnusedGoWhenTheyTakeTooMuchMemory) {
  const std::size_t one = bytes_of(*state(0));
  StateCache cache({.conversations = kAny, .bytes = 10 * one});
  fill(cache, 20);
  EXPECT_EQ(cache.size(), 10u);
  EXPECT_EQ(cache.bytes(), 10 * one);
  EXPECT_NE(cache.find(id(19)), nullptr);
  EXPECT_EQ(cache.find(id(9)), nullptr);
}

TEST(StateCacheTest, ALargeGroupTakesThePlaceOfManyPairs) {
  const auto group = state(100, 1000);
  StateCache cache({.conversations = kAny, .bytes = bytes_of(*group) + 2 * bytes_of(*state(0))});
  fill(cache, 50);
  EXPECT_EQ(cache.size(), 50u);
  cache.insert(id(100), state(100, 1000));
  cache.close_all();
  EXPECT_LE(cache.size(), 3u);
  EXPECT_NE(cache.find(id(100)), nullptr);
}

TEST(StateCacheTest, WhatAConversationGrowsByIsCountedWhenItIsClosed) {
  StateCache cache({.conversations = kAny, .bytes = kAny, .recent_headers = 32});
  auto& entry = cache.insert(id(1), state(1));
  const std::size_t before = cache.bytes();
  cache.mark_open(id(1), entry);
  entry.state->recent.resize(100);
  cache.close_all();
  EXPECT_EQ(entry.state->recent.size(), 32u);
  EXPECT_GE(cache.bytes(), before + 32 * sizeof(MessageHeader));
  cache.forget(id(1));
  EXPECT_EQ(cache.bytes(), 0u);
}

TEST(StateCacheTest, TheRoomOfALargeBatchIsGivenBack) {
  StateCache cache({.conversations = kAny, .bytes = kAny, .recent_headers = 32});
  auto& entry = cache.insert(id(1), state(1));
  cache.mark_open(id(1), entry);
  entry.state->recent.resize(10'000);
  cache.close_all();
  EXPECT_LE(entry.state->recent.capacity(), 4u * 32u);
}

TEST(StateCacheTest, WhatIsOpenStaysUntilItIsClosed) {
  StateCache cache({.conversations = 0, .bytes = 0});
  cache.mark_open(id(1), cache.insert(id(1), state(1)));
  EXPECT_NE(cache.find(id(1)), nullptr);
  cache.close_all();
  EXPECT_EQ(cache.size(), 0u);
}

}  // namespace
}  // namespace c4a
