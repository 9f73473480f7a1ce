// RocksMessageStore read as a whole.

#include "message_store/rocks_database.h"
#include "message_store/rocks_keys.h"
#include "message_store/rocks_message_store.h"
#include "message_store/row_codec.h"

namespace c4a {
namespace {

using rocks::Family;
using rocks::HeadRowTag;
using rocks::KeyWriter;
using rocks::LogRowTag;
using rocks::Scan;
using rocks::UserRowTag;
using rocks::view;

// Behind the conversation's id and the tag.
constexpr std::size_t kTagged = rocks::kIdBytes + 1;

}  // namespace

std::string RocksMessageStore::identity() {
  std::string identity;
  if (!database_->db().GetDbIdentity(identity).ok()) return {};
  return identity;
}

// A whole family: across its prefixes.
Result<> RocksMessageStore::all_rows(Family family,
                                     const std::function<Result<>(std::string_view, std::string_view)>& visit) {
  rocksdb::ReadOptions options;
  options.total_order_seek = true;
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> rows(database_->db().NewIterator(options, database_->family(family)));
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) C4A_CHECK(visit(view(rows->key()), view(rows->value())));
  if (!rows->status().ok()) return fail(database_->read_error(rows->status()));
  return {};
}

Result<> RocksMessageStore::all_conversations(const std::function<Result<>(const ConversationId&)>& visit) {
  return all_rows(Family::kHeads, [&](std::string_view key, std::string_view) -> Result<> {
    if (static_cast<HeadRowTag>(key[rocks::kIdBytes]) != HeadRowTag::kConversation) return {};
    return visit(ConversationId::from_view(key));
  });
}

Result<> RocksMessageStore::all_private_pairs(const std::function<Result<>(const PrivatePairRow&)>& visit) {
  return all_rows(Family::kUsers, [&](std::string_view key, std::string_view value) -> Result<> {
    const std::size_t end = key.find('\0');
    if (end == std::string_view::npos || end + 1 >= key.size()) return {};
    if (static_cast<UserRowTag>(key[end + 1]) != UserRowTag::kPrivatePair) return {};
    const auto generation = rocks::get_number(value);
    if (!generation) return fail(database_->damaged_row(Family::kUsers, key));
    return visit({{std::string(key.substr(0, end))}, {std::string(key.substr(end + 2))}, *generation});
  });
}

Result<> RocksMessageStore::all_moves(const ConversationId& id, Seq,
                                      const std::function<Result<>(HorizonMove&&)>& visit) {
  const std::string prefix(KeyWriter().log(id, LogRowTag::kMove));
  Scan scan(*database_, Family::kLog, prefix, rocks::end_of(prefix));
  for (scan.to_first(); scan.valid(); scan.next()) {
    const std::string_view rest = scan.key().substr(kTagged);
    const std::size_t end = rest.find('\0');
    const auto at = rocks::time_of(scan.value());
    if (!at || end == std::string_view::npos || rest.size() != end + 10) return fail(scan.damaged_row());
    C4A_CHECK(visit({id,
                     {std::string(rest.substr(0, end))},
                     static_cast<HorizonMove::Kind>(rest[end + 1]),
                     {rocks::position_in(rest)},
                     *at}));
  }
  return scan.status();
}

Result<> RocksMessageStore::all_reactions(const ConversationId& id, Seq,
                                          const std::function<Result<>(ReactionRow&&)>& visit) {
  const std::string prefix(KeyWriter().log(id, LogRowTag::kReaction));
  Scan scan(*database_, Family::kLog, prefix, rocks::end_of(prefix));
  for (scan.to_first(); scan.valid(); scan.next()) {
    auto key = rocks::reaction_in(scan.key());
    const auto at = rocks::time_of(scan.value());
    if (!key || !at) return fail(scan.damaged_row());
    const Seq seq{rocks::position_in(scan.key().substr(0, kTagged + 8))};
    C4A_CHECK(visit({id, seq, {std::move(key->emoji), std::move(key->user), *at}, true}));
  }
  return scan.status();
}

}  // namespace c4a
