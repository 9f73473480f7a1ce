#include "message_store/cassandra/bucket_scan.h"

#include <algorithm>

#include "message_store/row_codec.h"

namespace c4a::cassandra {

Result<> BucketScan::look_at_head() {
  if (has_head_) return {};
  C4A_TRY(head_, read_head(session_, id_));
  last_ = signed_position(kind_ == Kind::kMessages ? head_.last_seq.value : head_.version().value);
  has_head_ = true;
  C4A_TRY(const auto redo, read_redo(session_, id_, head_));
  if (!redo) return {};
  std::string value;
  for (const Message& row : redo->rows.messages) {
    if (kind_ != Kind::kMessages) break;
    rocks::put_message(value, row);
    redone_.insert_or_assign(signed_position(row.seq.value), value);
  }
  for (const Change& row : redo->rows.changes) {
    if (kind_ != Kind::kChanges) break;
    rocks::put_change(value, row);
    redone_.insert_or_assign(signed_position(row.version.value), value);
  }
  return {};
}

Result<RowSet> BucketScan::read(StatementId statement, std::int32_t bucket, std::int64_t after, std::int64_t until,
                                std::size_t page) {
  std::string cells;
  CellWriter(cells)
      .bytes(id_.view())
      .integer(bucket)
      .bigint(after)
      .bigint(until)
      .integer(static_cast<std::int32_t>(page));
  return session_.read(statement, cells);
}

Result<bool> BucketScan::visit_up(std::int64_t after, std::int64_t until, const Visit& visit) {
  for (auto row = redone_.upper_bound(after); row != redone_.end() && row->first <= until; ++row) {
    C4A_TRY(const bool more, visit(row->first, row->second));
    if (!more) return false;
  }
  return true;
}

Result<bool> BucketScan::visit_down(std::int64_t after, std::int64_t until, const Visit& visit) {
  for (auto row = redone_.upper_bound(until); row != redone_.begin();) {
    if ((--row)->first <= after) break;
    C4A_TRY(const bool more, visit(row->first, row->second));
    if (!more) return false;
  }
  return true;
}

Result<> BucketScan::up(std::int64_t after, std::int64_t until, std::size_t page, const Visit& visit) {
  const StatementId statement = kind_ == Kind::kMessages ? StatementId::kMessagesUp : StatementId::kChangesUp;
  std::int32_t bucket = layout_.bucket_of(after + 1);
  if (bucket > 0) C4A_CHECK(look_at_head());
  for (std::int64_t cursor = after; !head_.deleted();) {
    if (bucket > 0) until = std::min(until, last_);
    const std::int64_t end = std::min(until, layout_.last_of(bucket));
    if (cursor >= end) {
      if (end == until) return {};
    } else {
      C4A_TRY(auto rows, read(statement, bucket, cursor, end, page));
      for (std::uint32_t i = 0; i < rows.size(); ++i) {
        const std::int64_t position = rows.number();
        C4A_TRY(const bool before, visit_up(cursor, position - 1, visit));
        if (!before) return {};
        C4A_TRY(const bool more, visit(position, rows.bytes()));
        if (!more) return {};
        cursor = position;
      }
      if (rows.size() == page) continue;
      if (end == until && (has_head_ || bucket == 0)) {
        C4A_CHECK(visit_up(cursor, end, visit));
        return {};
      }
      if (!has_head_) {
        // The end of the first bucket, unless it has grown over it meanwhile: then its rest is read again.
        C4A_CHECK(look_at_head());
        if (layout_.bucket_of(last_) == 0) return {};
        continue;
      }
      C4A_TRY(const bool more, visit_up(cursor, end, visit));
      if (!more) return {};
    }
    cursor = end;
    ++bucket;
    C4A_CHECK(look_at_head());
  }
  return {};
}

Result<> BucketScan::down(std::int64_t after, std::int64_t until, std::size_t page, bool old_are_gone,
                          const Visit& visit) {
  if (layout_.bucket_of(until) > 0) {
    C4A_CHECK(look_at_head());
    if (head_.deleted()) return {};
    until = std::min(until, std::max(last_, layout_.last_of(0)));
  }
  const std::int32_t lowest = layout_.bucket_of(after + 1);
  for (std::int32_t bucket = layout_.bucket_of(until); bucket >= lowest; --bucket) {
    const std::int64_t from = std::max(after, layout_.first_of(bucket) - 1);
    const std::int64_t to = std::min(until, layout_.last_of(bucket));
    C4A_TRY(const bool more, bucket_down(bucket, from, to, page, old_are_gone, visit));
    if (!more) return {};
  }
  return {};
}

Result<bool> BucketScan::bucket_down(std::int32_t bucket, std::int64_t after, std::int64_t until, std::size_t page,
                                     bool old_are_gone, const Visit& visit) {
  bool any = false;
  for (std::int64_t cursor = until; cursor > after;) {
    C4A_TRY(auto rows, read(StatementId::kMessagesDown, bucket, after, cursor, page));
    for (std::uint32_t i = 0; i < rows.size(); ++i) {
      const std::int64_t position = rows.number();
      C4A_TRY(const bool before, visit_down(position, cursor, visit));
      if (!before) return false;
      C4A_TRY(const bool more, visit(position, rows.bytes()));
      if (!more) return false;
      cursor = position - 1;
      any = true;
    }
    if (rows.size() == page) continue;
    C4A_TRY(const bool more, visit_down(after, cursor, visit));
    if (!more) return false;
    break;
  }
  return any || !old_are_gone || !redone_.empty();
}

}  // namespace c4a::cassandra
