#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "message_store/cassandra/head_reader.h"
#include "message_store/cassandra/layout.h"

namespace c4a::cassandra {

// Walks over a conversation's messages or changes, bucket by bucket, without a hole.
//
// The first bucket is written with the head, so each replica has both or neither; but two reads may ask other replicas,
// and the second need not have all that the first told of (MessageStore::heads_may_lead). Later buckets are written
// after their head: there the head is read first, nothing behind its last position is looked at, and what is missing
// before it stands in its redo record.
class BucketScan {
 public:
  enum class Kind : std::uint8_t { kMessages, kChanges };
  // Gets a position and the row's value; answers whether to go on.
  using Visit = std::function<Result<bool>(std::int64_t position, std::string_view value)>;

  BucketScan(CqlSession& session, const Layout& layout, const ConversationId& id, Kind kind)
      : session_(session), layout_(layout), id_(id), kind_(kind) {}

  // Rows of after < position <= until; `page` are read at a time.
  Result<> up(std::int64_t after, std::int64_t until, std::size_t page, const Visit& visit);
  // The same, the last first; for messages only. `old_are_gone`: below a bucket without a row there is none.
  Result<> down(std::int64_t after, std::int64_t until, std::size_t page, bool old_are_gone, const Visit& visit);

  // Reads the head, if that has not happened. `last` is of the head then, `head` the row.
  Result<> look_at_head();
  std::int64_t last() const { return last_; }
  const Head& head() const { return head_; }
  // The redo record's messages or changes by position, encoded. Empty before the head is read.
  const std::map<std::int64_t, std::string>& redone() const { return redone_; }

 private:
  Result<RowSet> read(StatementId statement, std::int32_t bucket, std::int64_t after, std::int64_t until,
                      std::size_t page);
  Result<bool> visit_up(std::int64_t after, std::int64_t until, const Visit& visit);
  Result<bool> visit_down(std::int64_t after, std::int64_t until, const Visit& visit);
  // Whether to go on below it.
  Result<bool> bucket_down(std::int32_t bucket, std::int64_t after, std::int64_t until, std::size_t page,
                           bool old_are_gone, const Visit& visit);

  CqlSession& session_;
  const Layout& layout_;
  const ConversationId& id_;
  Kind kind_;
  bool has_head_ = false;
  Head head_;
  std::int64_t last_ = 0;
  std::map<std::int64_t, std::string> redone_;
};

}  // namespace c4a::cassandra
