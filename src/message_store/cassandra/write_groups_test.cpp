#include "message_store/cassandra/write_groups.h"

#include <gmock/gmock.h>

#include <string>

namespace c4a::cassandra {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class WriteGroupsTest : public testing::Test {
 protected:
  static constexpr WriteGroupLimits kLimits{
      .requests = 1, .full_requests = 2, .slow_us = 1000, .writes = 3, .bytes = 100};

  // One row whose cells are the text.
  void add(const std::vector<std::string>& texts) {
    std::vector<WriteGroups::Write> writes;
    for (const std::string& text : texts) {
      Batch& batch = batches_.emplace_back();
      batch.statements = {StatementId::kPutDevice};
      batch.cells = text;
      writes.push_back({&batch, [this, text](const Result<RowSet>& result) {
                          answered.push_back(text + (result ? "" : " " + std::string(info(result.error().code).name)));
                        }});
    }
    groups.add(std::move(writes));
  }
  // The oldest request that is under way ends.
  void end(Result<RowSet> result = RowSet()) {
    const Done done = std::move(under_way_.front());
    under_way_.pop_front();
    done(std::move(result));
  }
  void fail_with(ErrorCode code) { end(fail(code, "no")); }

  ManualClock clock;
  std::vector<std::string> launched;  // the cells of each request
  std::vector<std::string> answered;
  WriteGroups groups{kLimits,
                     [this](const Batch& request, Done done) {
                       launched.push_back(request.cells);
                       under_way_.push_back(std::move(done));
                     },
                     clock};

 private:
  std::deque<Batch> batches_;
  std::deque<Done> under_way_;
};

TEST_F(WriteGroupsTest, AWriteThatMeetsNobodyLeavesAtOnce) {
  add({"a"});
  EXPECT_THAT(launched, ElementsAre("a"));
  EXPECT_THAT(answered, IsEmpty());
  end();
  EXPECT_THAT(answered, ElementsAre("a"));
}

TEST_F(WriteGroupsTest, WhatComesWhileOneIsUnderWayGoesTogether) {
  add({"a"});
  add({"b"});
  add({"c"});
  EXPECT_THAT(launched, ElementsAre("a"));
  end();
  EXPECT_THAT(launched, ElementsAre("a", "bc"));
  end();
  EXPECT_THAT(answered, ElementsAre("a", "b", "c"));
}

TEST_F(WriteGroupsTest, WritesOfOneCallGoTogether) {
  add({"a", "b"});
  EXPECT_THAT(launched, ElementsAre("ab"));
}

TEST_F(WriteGroupsTest, AFullRequestDoesNotWaitForTheOneBefore) {
  add({"a"});
  add({"b", "c", "d", "e"});
  EXPECT_THAT(launched, ElementsAre("a", "bcd"));
  add({"f", "g"});
  EXPECT_THAT(launched, ElementsAre("a", "bcd")) << "no more than two";
  end();
  EXPECT_THAT(launched, ElementsAre("a", "bcd", "efg")) << "full again";
}

TEST_F(WriteGroupsTest, ARequestThatHangsDoesNotHoldUpTheNext) {
  add({"a"});
  add({"b"});
  clock.advance_ms(2);
  EXPECT_THAT(launched, ElementsAre("a"));
  groups.look_again();
  EXPECT_THAT(launched, ElementsAre("a", "b"));
  clock.advance_ms(2);
  add({"c"});
  EXPECT_THAT(launched, ElementsAre("a", "b")) << "no more than two";
  end();
  EXPECT_THAT(launched, ElementsAre("a", "b", "c"));
}

TEST_F(WriteGroupsTest, ALargeWriteGoesAlone) {
  const std::string large(500, 'l');
  add({"a"});
  add({"b", large});
  end();
  EXPECT_THAT(launched, ElementsAre("a", "b", large)) << "it makes the one before a full one";
}

TEST_F(WriteGroupsTest, ARequestThatFailsFailsAllItsWrites) {
  add({"a", "b"});
  fail_with(ErrorCode::kUnavailable);
  EXPECT_THAT(answered, ElementsAre("a unavailable", "b unavailable"));
}

TEST_F(WriteGroupsTest, NoWriteIsRefusedForAnothersSake) {
  add({"a", "b"});
  fail_with(ErrorCode::kInternal);
  EXPECT_THAT(answered, IsEmpty());
  EXPECT_THAT(launched, ElementsAre("ab", "a"));
  fail_with(ErrorCode::kInternal);
  end();
  EXPECT_THAT(launched, ElementsAre("ab", "a", "b"));
  EXPECT_THAT(answered, ElementsAre("a internal", "b"));
}

}  // namespace
}  // namespace c4a::cassandra
