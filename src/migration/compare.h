#pragma once

// Reads two sets of stores and says whether they hold the same.

#include <string>
#include <vector>

#include "migration/copy.h"
#include "migration/fingerprint.h"

namespace c4a {

struct Comparison {
  std::vector<std::string> differences;  // the first of them, a sentence each
  std::uint64_t different = 0;           // how many there are
  ConversationPrint conversations;       // of all that the first side holds
  Fingerprint users;                     // their receipts, devices and lists, of the first side

  bool same() const { return different == 0; }
  void differs(std::string sentence);
};

// Table by table. Fails as the two stores do.
Result<> compare_metadata(MetadataSource& from, MetadataSource& to, Comparison& comparison);

// Conversation by conversation, and user by user. What is older than `keep_from` is left out on both sides. Fails as
// the two stores do.
Result<> compare_messages(BulkMessageStore& from, BulkMessageStore& to, const std::vector<UserId>& users,
                          TimestampMs keep_from, const TellProgress& tell, Comparison& comparison);

}  // namespace c4a
