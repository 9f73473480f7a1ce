#pragma once

// A count and a digest of rows, whatever their order: what two stores hold is the same when these are.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "domain/effects.h"
#include "message_store/message_store.h"
#include "metadata_store/metadata_tables.h"

namespace c4a {

struct Fingerprint {
  std::uint64_t rows = 0;
  std::array<std::uint64_t, 2> sum{};  // of the rows' SHA-256, their first halves

  void add(std::string_view row);
  void add(const Fingerprint& other);
  bool operator==(const Fingerprint&) const = default;
};

// Of one conversation, or of all of them.
struct ConversationPrint {
  Fingerprint heads;
  Fingerprint members;  // with their horizons and devices' cursors
  Fingerprint messages;
  Fingerprint changes;
  Fingerprint moves;
  Fingerprint reactions;

  void add(const Rows& rows);
  void add(const ConversationPrint& other);
  bool operator==(const ConversationPrint&) const = default;
  // "messages 10 and 9, reactions 2 and 2 that differ": what is not as in `other`.
  std::string difference(const ConversationPrint& other) const;
};

// Of what a user has besides.
struct UserPrint {
  Fingerprint receipts;
  Fingerprint devices;
  Fingerprint conversations;

  void add(const ReceiptEvent& row);
  void add(const Device& row);
  void add(const ConversationRef& row);
  bool operator==(const UserPrint&) const = default;
};

void add_row(Fingerprint& print, const MetadataRow& row);

}  // namespace c4a
