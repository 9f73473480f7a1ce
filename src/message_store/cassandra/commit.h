#pragma once

#include <chrono>
#include <vector>

#include "message_store/cassandra/batch_set.h"
#include "message_store/cassandra/conversation_rows.h"
#include "message_store/cassandra/head_reader.h"
#include "message_store/cassandra/row_writer.h"

namespace c4a::cassandra {

// One commit, in steps; each begins when the one before is acknowledged.
//
//   before   deletions of an erased conversation outside its head's partition, and redo records too long for a head
//   heads    one mutation for each conversation: its head, its rows of the first bucket, and the redo record
//   outside  everything else; the redo records hold it too
//   after    long redo records go
//
// A conversation is as it was until its head is written, and then it is what the commit made of it. A step that is
// repeated changes nothing.
class Commit {
 public:
  Commit(CqlSession& session, const Layout& layout);

  Result<> add(const ConversationRows& conversation);
  enum class Step : std::uint8_t { kBefore, kHeads, kOutside, kAfter };
  // Up to and with `last`: tests stop earlier, as a crash does.
  Result<> write(Step last = Step::kAfter);

  std::size_t largest_batch() const;  // in bytes of cells

  // Writes a conversation's redo record again, and takes it off its head.
  Result<> finish(const ConversationId& id, const Redo& redo);

 private:
  Result<> erase_outside(const ConversationRows& conversation);
  std::string place_redo(const ConversationRows& conversation);
  Result<> write_step(const BatchSet& step);

  CqlSession& session_;
  Layout layout_;
  RowWriter writer_;
  BatchSet before_{BatchSet::kBatch};
  BatchSet heads_{BatchSet::kNoLimit};
  BatchSet outside_{BatchSet::kBatch};
  BatchSet after_{BatchSet::kNoLimit};
};

}  // namespace c4a::cassandra
