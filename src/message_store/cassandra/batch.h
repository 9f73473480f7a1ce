#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "message_store/cassandra/cells.h"
#include "message_store/cassandra/statements.h"

namespace c4a::cassandra {

// Rows that go in one request. Those of one partition key are one mutation: all or nothing, in whatever tables of the
// keyspace they lie.
struct Batch {
  std::vector<StatementId> statements;  // one a row
  std::string cells;

  bool empty() const { return statements.empty(); }
};

// How an attempt ended. kUnavailable: a write may have happened.
using Done = std::function<void(Result<RowSet>)>;

}  // namespace c4a::cassandra
