#pragma once

// Copies an installation from one set of stores into another. Nobody else writes to either. Killed, it is begun again:
// what is there is passed over or written once more, as it was.

#include <cstdint>
#include <functional>
#include <vector>

#include "message_store/bulk_message_store.h"
#include "metadata_store/metadata_tables.h"

namespace c4a {

// How far a copy or a comparison is.
struct MoveProgress {
  std::uint64_t conversations = 0;
  std::uint64_t messages = 0;
  std::uint64_t users = 0;
};
// Called about once a second, on whatever thread.
using TellProgress = std::function<void(const MoveProgress&)>;

// Users, credentials, tokens: every table. Fails as the two stores do.
Result<> copy_metadata(MetadataSource& from, MetadataTarget& to);

// Every user id that was ever given.
Result<std::vector<UserId>> all_users(MetadataSource& metadata);

struct MessageCopy {
  BulkMessageStore& from;
  BulkMessageStore& to;
  const std::vector<UserId>& users;
  LogPosition position;       // at which everything is written: the same each time
  TimestampMs keep_from = 0;  // older things are left out
  TellProgress tell;
};
// Conversations, and what users have besides: receipts, devices. Fails as the two stores do.
Result<> copy_messages(const MessageCopy& copy);

}  // namespace c4a
