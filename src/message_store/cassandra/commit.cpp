#include "message_store/cassandra/commit.h"

#include <algorithm>
#include <array>

#include "base/clock.h"
#include "message_store/cassandra/write_run.h"

namespace c4a::cassandra {
namespace {

// A longer record lies in parts beside the head. With the rows themselves it stays below a quarter of a megabyte.
constexpr std::size_t kRedoInHead = 80 * 1024;
constexpr std::size_t kRedoPart = 96 * 1024;

}  // namespace

Commit::Commit(CqlSession& session, const Layout& layout)
    : session_(session), layout_(layout), writer_(layout, system_clock().now_ms()) {}

Result<> Commit::add(const ConversationRows& conversation) {
  const Split parts = split(conversation, layout_);
  if (conversation.erased) C4A_CHECK(erase_outside(conversation));
  if (conversation.head != nullptr) {
    writer_.put_head(heads_, *conversation.head, place_redo(conversation), conversation.timestamp);
  }
  const Seq head_seq = conversation.head == nullptr ? Seq{} : conversation.head->last_seq;
  if (!conversation.erased && conversation.last_seq > head_seq) {
    writer_.raise_last_seq(heads_, conversation.id, conversation.last_seq);
  }
  writer_.put(heads_, conversation.id, parts.atomic, conversation.timestamp);
  writer_.put(outside_, conversation.id, parts.outside, conversation.timestamp);
  writer_.put_pointers(conversation.erased ? outside_ : beside_, conversation.rows, conversation.timestamp);
  writer_.put_elsewhere(outside_, conversation.rows, conversation.timestamp);
  return {};
}

// Answers what stands in the head's column.
std::string Commit::place_redo(const ConversationRows& conversation) {
  if (conversation.rows.empty() && !conversation.erased) return {};
  const std::string record = encode_redo(conversation);
  if (record.size() <= kRedoInHead) return redo_in_place(record);
  std::int32_t part = 0;
  for (std::size_t at = 0; at < record.size(); at += kRedoPart) {
    writer_.put_redo_part(before_, conversation.id, part++, std::string_view(record).substr(at, kRedoPart),
                          conversation.timestamp);
  }
  writer_.drop_redo(after_, conversation.id, conversation.timestamp);
  return redo_in_parts(conversation.timestamp, record.size());
}

// The first bucket goes with the head. Should the rest be interrupted, the members are still there to be read again.
Result<> Commit::erase_outside(const ConversationRows& conversation) {
  C4A_TRY(const Head head, read_head(session_, conversation.id));
  C4A_TRY(const auto members, read_members(session_, conversation.id, {}, ~std::size_t{0}));
  for (const Member& member : members) {
    writer_.drop_from_list(before_, member.user_id, conversation.id, conversation.timestamp);
  }
  std::uint64_t last = std::max(head.last_seq.value, head.version().value);
  if (conversation.head != nullptr) {
    last = std::max({last, conversation.head->last_seq.value, conversation.head->version.value});
  }
  const std::int32_t buckets = layout_.bucket_of(signed_position(last));
  for (std::int32_t bucket = 1; bucket <= buckets; ++bucket) {
    writer_.erase_bucket(before_, conversation.id, bucket, conversation.timestamp);
  }
  writer_.erase_bucket(heads_, conversation.id, 0, conversation.timestamp);
  return {};
}

Result<> Commit::write() {
  C4A_CHECK(write_step(before_));
  C4A_CHECK(write_steps(heads_, beside_));
  C4A_CHECK(write_step(outside_));
  return write_step(after_);
}

Result<> Commit::write_only(std::initializer_list<Step> steps) {
  const std::array all = {&before_, &heads_, &beside_, &outside_, &after_};
  for (const Step step : steps) C4A_CHECK(write_step(*all[static_cast<std::size_t>(step)]));
  return {};
}

Result<> Commit::write_steps(const BatchSet& one, const BatchSet& other) {
  const std::size_t stages = std::max(one.stages().size(), other.stages().size());
  for (std::size_t i = 0; i < stages; ++i) {
    std::vector<const Batch*> batches;
    for (const BatchSet* step : {&one, &other}) {
      if (i >= step->stages().size()) continue;
      for (const Batch& batch : step->stages()[i]) batches.push_back(&batch);
    }
    C4A_CHECK(WriteRun(session_).write(batches));
  }
  return {};
}

std::size_t Commit::largest_batch() const {
  std::size_t largest = 0;
  for (const BatchSet* step : {&before_, &heads_, &beside_, &outside_, &after_}) {
    for (const auto& stage : step->stages()) {
      for (const Batch& batch : stage) largest = std::max(largest, batch.cells.size());
    }
  }
  return largest;
}

Result<> Commit::finish(const ConversationId& id, const Redo& redo) {
  const RowSelection rows = redo.selection();
  if (redo.erased) writer_.erase_bucket(before_, id, 0, redo.timestamp);
  writer_.put(outside_, id, rows, redo.timestamp);
  writer_.put_pointers(outside_, rows, redo.timestamp);
  writer_.put_elsewhere(outside_, rows, redo.timestamp);
  writer_.drop_redo(after_, id, redo.timestamp);
  return write();
}

}  // namespace c4a::cassandra
