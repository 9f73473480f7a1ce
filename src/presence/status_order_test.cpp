#include "presence/status_order.h"

#include <gtest/gtest.h>

namespace c4a {
namespace {

constexpr std::uint64_t kOwner = 1;
constexpr std::uint64_t kFormer = 2;

TEST(StatusOrderTest, AllThatFollowsFromOneCommandIsNews) {
  StatusOrder order;
  EXPECT_TRUE(order.is_news(kOwner, {5}));
  EXPECT_TRUE(order.is_news(kOwner, {5}));
  EXPECT_TRUE(order.is_news(kOwner, {8}));
}

TEST(StatusOrderTest, WhatAFormerOwnerTellsLateIsNot) {
  StatusOrder order;
  EXPECT_TRUE(order.is_news(kOwner, {8}));
  EXPECT_FALSE(order.is_news(kFormer, {7}));
  EXPECT_FALSE(order.is_news(kFormer, {8}));
  EXPECT_TRUE(order.is_news(kOwner, {9}));
}

TEST(StatusOrderTest, WhatAFormerOwnerToldFirstIsNotToldAgain) {
  StatusOrder order;
  EXPECT_TRUE(order.is_news(kFormer, {7}));
  EXPECT_TRUE(order.is_news(kFormer, {8}));
  EXPECT_FALSE(order.is_news(kOwner, {7}));
  EXPECT_FALSE(order.is_news(kOwner, {8}));
  EXPECT_TRUE(order.is_news(kOwner, {9}));
}

TEST(StatusOrderTest, EachPartitionHasItsOwnPositions) {
  StatusOrder order;
  EXPECT_TRUE(order.is_news(kOwner, {lane_begin(3).value + 9}));
  EXPECT_TRUE(order.is_news(kOwner, {lane_begin(2).value + 1}));
  EXPECT_FALSE(order.is_news(kOwner, {lane_begin(3).value + 8}));
}

}  // namespace
}  // namespace c4a
