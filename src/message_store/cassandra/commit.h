#pragma once

#include <initializer_list>
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
//   beside   together with the heads: rows that only lead to others (the id index, lists of users); the redo records
//            hold them too
//   outside  everything else, in the redo records likewise: later buckets, receipts, pairs
//   after    long redo records go
//
// A conversation is as it was until its head is written, and then it is what the commit made of it. A row beside it
// that is there earlier leads to nothing yet, and since the log has the command, it will. A step that is repeated
// changes nothing.
class Commit {
 public:
  Commit(CqlSession& session, const Layout& layout);

  Result<> add(const ConversationRows& conversation);
  Result<> write();
  enum class Step : std::uint8_t { kBefore, kHeads, kBeside, kOutside, kAfter };
  // These alone: what a crash leaves, for tests.
  Result<> write_only(std::initializer_list<Step> steps);

  std::size_t largest_batch() const;  // in bytes of cells

  // Writes a conversation's redo record again, and takes it off its head.
  Result<> finish(const ConversationId& id, const Redo& redo);

 private:
  Result<> erase_outside(const ConversationRows& conversation);
  std::string place_redo(const ConversationRows& conversation);
  // Both at once.
  Result<> write_steps(const BatchSet& one, const BatchSet& other);
  Result<> write_step(const BatchSet& step) { return write_steps(step, BatchSet(BatchSet::kNoLimit)); }

  CqlSession& session_;
  Layout layout_;
  RowWriter writer_;
  BatchSet before_{BatchSet::kBatch};
  BatchSet heads_{BatchSet::kNoLimit};
  BatchSet beside_{BatchSet::kBatch};
  BatchSet outside_{BatchSet::kBatch};
  BatchSet after_{BatchSet::kNoLimit};
};

}  // namespace c4a::cassandra
