#pragma once

// What the contract suites of MessageStore share. A Harness makes an empty store:
//   struct Harness { MessageStore& store(); };

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "message_store/message_store.h"
#include "message_store/message_store_rows.h"

namespace c4a {

using Seqs = std::vector<std::uint64_t>;
inline constexpr Seq kEnd{~std::uint64_t{0}};

template <class Harness>
class MessageStoreContractFixture : public testing::Test {
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

}  // namespace c4a
