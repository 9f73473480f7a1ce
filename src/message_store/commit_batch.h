#pragma once

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "domain/effects.h"
#include "message_store/rocks_database.h"
#include "message_store/rocks_keys.h"

namespace c4a::rocks {

// One commit as a RocksDB write batch. Kept and used again, so that a commit allocates little.
class CommitBatch {
 public:
  explicit CommitBatch(Database& database) : database_(database), batch_(1 << 20) {}

  // `erased_members`: for each of rows.erased, whom it has in the store. `keep_floors`: write the conversations' floors
  // too. The batch stays until the next call.
  Result<rocksdb::WriteBatch*> fill(const Rows& rows, LogPosition position,
                                    std::span<const std::vector<UserId>> erased_members, bool keep_floors);

 private:
  void put_messages(const Rows& rows);
  void sort_messages(const std::vector<Message>& messages);
  void put_floors(const Rows& rows);
  void put_heads(const Rows& rows);
  void put_log(const Rows& rows);
  void put_users(const Rows& rows);
  Result<> erase(const ConversationId& id, std::span<const UserId> members);
  Result<> erase_range(Family family, std::string from, std::string to);

  // What is put into a conversation that the same commit erases, goes with it.
  bool erased(const ConversationId& id) const {
    return !erased_.empty() && std::ranges::find(erased_, id) != erased_.end();
  }
  void put(Family family, std::string_view key) { batch_.Put(database_.family(family), slice(key), slice(value_)); }

  Database& database_;
  rocksdb::WriteBatch batch_;
  std::span<const ConversationId> erased_;
  std::vector<std::uint32_t> order_;  // of the messages
  KeyWriter key_;
  std::string value_;
};

}  // namespace c4a::rocks
