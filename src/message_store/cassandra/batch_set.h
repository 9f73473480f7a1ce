#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "message_store/cassandra/batch.h"

namespace c4a::cassandra {

// Rows on their way into batches, one partition a batch. Batches of one order (a conversation, a user, a shard) stand
// in stages one after the other, those of different orders beside each other.
class BatchSet {
 public:
  struct Limit {
    std::size_t rows;
    std::size_t bytes;
  };
  static constexpr Limit kNoLimit{~std::size_t{0}, ~std::size_t{0}};
  static constexpr Limit kBatch{200, 96 * 1024};

  explicit BatchSet(Limit limit) : limit_(limit) {}

  // Begins a row; the caller writes the statement's cells before the next call.
  CellWriter row(StatementId id, std::string_view order, std::int64_t partition = 0) {
    const auto [found, is_new] = groups_.try_emplace(std::string(order));
    Group& group = found->second;
    if (is_new || group.partition != partition || full(batch_of(group))) begin_batch(group, partition, is_new);
    Batch& batch = batch_of(group);
    batch.statements.push_back(id);
    return CellWriter(batch.cells);
  }

  const std::vector<std::vector<Batch>>& stages() const { return stages_; }

 private:
  struct Group {
    std::int64_t partition = 0;
    std::size_t stage = 0;
    std::size_t index = 0;
  };

  bool full(const Batch& batch) const {
    return batch.statements.size() >= limit_.rows || batch.cells.size() >= limit_.bytes;
  }
  Batch& batch_of(const Group& group) { return stages_[group.stage][group.index]; }
  void begin_batch(Group& group, std::int64_t partition, bool is_new) {
    group.partition = partition;
    if (!is_new) ++group.stage;
    if (group.stage == stages_.size()) stages_.emplace_back();
    group.index = stages_[group.stage].size();
    stages_[group.stage].emplace_back();
  }

  Limit limit_;
  std::unordered_map<std::string, Group> groups_;
  std::vector<std::vector<Batch>> stages_;
};

}  // namespace c4a::cassandra
