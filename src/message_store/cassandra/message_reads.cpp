// The reads of CassandraMessageStore that know buckets: messages and what happened to them.

#include <algorithm>
#include <iterator>
#include <ranges>

#include "base/planted_bug.h"
#include "message_store/cassandra/bucket_scan.h"
#include "message_store/cassandra/cassandra_message_store.h"
#include "message_store/row_codec.h"

namespace c4a {

using cassandra::BucketScan;
using cassandra::CellWriter;
using cassandra::damaged;
using cassandra::RowSet;
using cassandra::signed_position;
using cassandra::StatementId;

namespace {

constexpr std::size_t kScanPage = 200;
constexpr std::size_t kLargestPage = 1'000;
constexpr std::size_t kSeqsAtOnce = 100;

std::optional<Message> decoded(std::string_view value, const ConversationId& id, std::int64_t seq) {
  auto message = rocks::get_message(value);
  if (!message) return std::nullopt;
  message->conversation_id = id;
  message->seq = {static_cast<std::uint64_t>(seq)};
  return message;
}

std::size_t page_of(std::size_t limit) { return std::clamp<std::size_t>(limit, 1, kLargestPage); }

}  // namespace

cassandra::Read CassandraMessageStore::read_of(const MessagePlace& place) const {
  const std::int64_t position = signed_position(place.seq.value);
  cassandra::Read read{StatementId::kMessage, {}};
  CellWriter(read.cells).bytes(place.id.view()).integer(layout_.bucket_of(position)).bigint(position);
  return read;
}

Result<std::optional<Message>> CassandraMessageStore::message_of(RowSet& rows, const MessagePlace& place) {
  const std::int64_t position = signed_position(place.seq.value);
  std::string value(rows.bytes());
  if (rows.empty()) {
    if (layout_.bucket_of(position) == 0) return std::nullopt;
    BucketScan scan(*session_, layout_, place.id, BucketScan::Kind::kMessages);
    C4A_CHECK(scan.look_at_head());
    const auto redone = scan.redone().find(position);
    if (redone == scan.redone().end()) return std::nullopt;
    value = redone->second;
  }
  auto message = decoded(value, place.id, position);
  if (!message) return damaged("messages", place.id);
  if (hidden(message->created_at)) return std::nullopt;
  return message;
}

Result<std::optional<Message>> CassandraMessageStore::message(const ConversationId& id, Seq seq) {
  const MessagePlace place{id, seq};
  const auto read = read_of(place);
  C4A_TRY(auto rows, session_->read(read.statement, read.cells));
  return message_of(rows, place);
}

Result<std::vector<std::optional<Message>>> CassandraMessageStore::messages_at(std::span<const MessagePlace> places) {
  std::vector<cassandra::Read> reads;
  reads.reserve(places.size());
  for (const auto& place : places) reads.push_back(read_of(place));
  C4A_TRY(auto rows, session_->read_all(reads));
  std::vector<std::optional<Message>> all;
  all.reserve(places.size());
  for (std::size_t i = 0; i < places.size(); ++i) {
    C4A_TRY(auto one, message_of(rows[i], places[i]));
    all.push_back(std::move(one));
  }
  return all;
}

Result<std::vector<Message>> CassandraMessageStore::messages_after(const ConversationId& id, Seq after, Seq until,
                                                                   std::size_t limit) {
  std::vector<Message> messages;
  if (after >= until || limit == 0) return messages;
  BucketScan scan(*session_, layout_, id, BucketScan::Kind::kMessages);
  C4A_CHECK(scan.up(signed_position(after.value), signed_position(until.value), page_of(limit),
                    [&](std::int64_t seq, std::string_view value) -> Result<bool> {
                      auto message = decoded(value, id, seq);
                      if (!message) return damaged("messages", id);
                      if (!hidden(message->created_at)) messages.push_back(std::move(*message));
                      return messages.size() < limit;
                    }));
  return messages;
}

Result<> CassandraMessageStore::scan_back(const ConversationId& id, Seq after, Seq until,
                                          const std::function<bool(const Message&)>& visit) {
  return scan_down(id, after, until, kScanPage, visit);
}

Result<> CassandraMessageStore::scan_down(const ConversationId& id, Seq after, Seq until, std::size_t page,
                                          const std::function<bool(const Message&)>& visit) {
  if (after >= until) return {};
  BucketScan scan(*session_, layout_, id, BucketScan::Kind::kMessages);
  return scan.down(signed_position(after.value), signed_position(until.value), page, expires(),
                   [&](std::int64_t seq, std::string_view value) -> Result<bool> {
                     const auto message = decoded(value, id, seq);
                     if (!message) return damaged("messages", id);
                     return hidden(message->created_at) || visit(*message);
                   });
}

Result<std::vector<Message>> CassandraMessageStore::messages_before(const ConversationId& id, Seq before,
                                                                    std::size_t limit) {
  std::vector<Message> messages;
  if (before.value == 0 || limit == 0) return messages;
  C4A_CHECK(scan_down(id, {}, {before.value - 1}, page_of(limit), [&](const Message& message) {
    messages.push_back(message);
    return messages.size() < limit || planted(PlantedBug::kLimitLost);
  }));
  std::ranges::reverse(messages);
  return messages;
}

Result<std::vector<MessageHeader>> CassandraMessageStore::headers(const ConversationId& id, Seq after, Seq until,
                                                                  std::size_t limit) {
  std::vector<MessageHeader> newest;
  if (after >= until) return newest;
  const std::int64_t from = signed_position(after.value);
  std::int64_t oldest = signed_position(until.value);  // not yet among the newest ones
  if (limit > 0) {
    BucketScan scan(*session_, layout_, id, BucketScan::Kind::kMessages);
    C4A_CHECK(scan.down(from, oldest, page_of(limit), expires(),
                        [&](std::int64_t seq, std::string_view value) -> Result<bool> {
                          auto header = rocks::get_header(value);
                          if (!header) return damaged("messages", id);
                          oldest = seq - 1;
                          if (hidden(header->created_at)) return true;
                          header->seq = {static_cast<std::uint64_t>(seq)};
                          newest.push_back(std::move(*header));
                          return newest.size() < limit;
                        }));
    if (newest.size() < limit) oldest = from;  // that was all
  }
  std::ranges::reverse(newest);
  if (oldest <= from) return newest;
  C4A_TRY(auto headers, asked_headers(id, from, oldest));
  headers.insert(headers.end(), std::make_move_iterator(newest.begin()), std::make_move_iterator(newest.end()));
  return headers;
}

// Of after < seq <= until, those that asked for a receipt.
Result<std::vector<MessageHeader>> CassandraMessageStore::asked_headers(const ConversationId& id, std::int64_t after,
                                                                        std::int64_t until) {
  BucketScan scan(*session_, layout_, id, BucketScan::Kind::kMessages);
  std::vector<MessageHeader> headers;
  if (layout_.bucket_of(until) > 0) {
    C4A_CHECK(scan.look_at_head());
    if (scan.head().deleted()) return headers;
    until = std::min(until, std::max(scan.last(), layout_.last_of(0)));
  }
  for (std::int32_t bucket = layout_.bucket_of(after + 1); bucket <= layout_.bucket_of(until); ++bucket) {
    std::string cells;
    CellWriter(cells).bytes(id.view()).integer(bucket).bigint(after).bigint(until);
    C4A_TRY(auto rows, session_->read(StatementId::kReceiptRequests, cells));
    std::vector<std::int64_t> seqs(rows.size());
    for (std::int64_t& seq : seqs) seq = rows.number();
    C4A_CHECK(add_headers(id, bucket, seqs, headers));
  }
  for (const auto& [seq, value] : scan.redone()) {
    auto header = rocks::get_header(value);
    if (!header) return damaged("conversation_redo", id);
    if (seq <= after || seq > until || !header->request_delivery_receipt || hidden(header->created_at)) continue;
    header->seq = {static_cast<std::uint64_t>(seq)};
    if (std::ranges::find(headers, header->seq, &MessageHeader::seq) == headers.end()) headers.push_back(*header);
  }
  std::ranges::sort(headers, {}, &MessageHeader::seq);
  return headers;
}

Result<> CassandraMessageStore::add_headers(const ConversationId& id, std::int32_t bucket,
                                            std::span<const std::int64_t> seqs, std::vector<MessageHeader>& headers) {
  while (!seqs.empty()) {
    const auto some = seqs.first(std::min(seqs.size(), kSeqsAtOnce));
    seqs = seqs.subspan(some.size());
    std::string cells;
    CellWriter(cells).bytes(id.view()).integer(bucket).bigints(some);
    C4A_TRY(auto rows, session_->read(StatementId::kMessagesIn, cells));
    for (std::uint32_t i = 0; i < rows.size(); ++i) {
      const Seq seq{static_cast<std::uint64_t>(rows.number())};
      auto header = rocks::get_header(rows.bytes());
      if (!header) return damaged("messages", id);
      if (hidden(header->created_at)) continue;
      header->seq = seq;
      headers.push_back(std::move(*header));
    }
  }
  return {};
}

Result<std::vector<Change>> CassandraMessageStore::changes_after(const ConversationId& id, Version after, Version until,
                                                                 std::size_t limit) {
  std::vector<Change> changes;
  if (after >= until || limit == 0) return changes;
  BucketScan scan(*session_, layout_, id, BucketScan::Kind::kChanges);
  C4A_CHECK(scan.up(signed_position(after.value), signed_position(until.value), page_of(limit),
                    [&](std::int64_t version, std::string_view value) -> Result<bool> {
                      auto change = rocks::get_change(value);
                      if (!change) return damaged("conversation_changes", id);
                      change->conversation_id = id;
                      change->version = {static_cast<std::uint64_t>(version)};
                      changes.push_back(std::move(*change));
                      return changes.size() < limit;
                    }));
  return changes;
}

Result<std::vector<Reaction>> CassandraMessageStore::reactions(const ConversationId& id, Seq seq) {
  const std::int64_t position = signed_position(seq.value);
  std::string cells;
  CellWriter(cells).bytes(id.view()).integer(layout_.bucket_of(position)).bigint(position);
  C4A_TRY(auto rows, session_->read(StatementId::kReactions, cells));
  std::vector<Reaction> reactions(rows.size());
  for (Reaction& reaction : reactions) {
    reaction.emoji = rows.bytes();
    reaction.user_id.text = rows.bytes();
    reaction.at = rows.number();
  }
  return reactions;
}

Result<> CassandraMessageStore::scan_reactions(const ConversationId& id, std::int64_t first, std::int64_t last,
                                               const std::function<Result<>(ReactionRow&&)>& visit) {
  constexpr std::int32_t kPage = 1000;
  for (std::int32_t bucket = layout_.bucket_of(first); bucket <= layout_.bucket_of(last); ++bucket) {
    ReactionRow row{id, {static_cast<std::uint64_t>(std::max(first, layout_.first_of(bucket)))}, {}, true};
    for (std::uint32_t found = kPage; found == kPage;) {
      std::string cells;
      CellWriter(cells)
          .bytes(id.view())
          .integer(bucket)
          .bigint(signed_position(row.seq.value))
          .bytes(row.reaction.emoji)
          .bytes(row.reaction.user_id.text)
          .bigint(last)
          .integer(kPage);
      C4A_TRY(auto rows, session_->read(StatementId::kReactionsAfter, cells));
      found = rows.size();
      for (std::uint32_t i = 0; i < found; ++i) {
        row.seq = {static_cast<std::uint64_t>(rows.number())};
        row.reaction.emoji = rows.bytes();
        row.reaction.user_id.text = rows.bytes();
        row.reaction.at = rows.number();
        C4A_CHECK(visit(ReactionRow(row)));
      }
    }
  }
  return {};
}

Result<std::map<Seq, std::vector<Reaction>>> CassandraMessageStore::reactions_in(const ConversationId& id, Seq first,
                                                                                 Seq last) {
  std::map<Seq, std::vector<Reaction>> all;
  if (first > last) return all;
  C4A_CHECK(scan_reactions(id, signed_position(first.value), signed_position(last.value), [&](ReactionRow&& row) {
    all[row.seq].push_back(std::move(row.reaction));
    return Result<>{};
  }));
  return all;
}

Result<bool> CassandraMessageStore::has_reaction(const ConversationId& id, Seq seq, std::string_view emoji,
                                                 const UserId& user) {
  const std::int64_t position = signed_position(seq.value);
  std::string cells;
  CellWriter(cells)
      .bytes(id.view())
      .integer(layout_.bucket_of(position))
      .bigint(position)
      .bytes(emoji)
      .bytes(user.text);
  C4A_TRY(const auto rows, session_->read(StatementId::kReaction, cells));
  return !rows.empty();
}

Result<std::optional<HorizonMove>> CassandraMessageStore::first_move(const ConversationId& id, const UserId& user,
                                                                     HorizonMove::Kind kind, Seq seq) {
  const std::int64_t from = signed_position(seq.value);
  std::int32_t last_bucket = layout_.bucket_of(from);
  for (std::int32_t bucket = last_bucket; bucket <= last_bucket; ++bucket) {
    std::string cells;
    CellWriter(cells)
        .bytes(id.view())
        .integer(bucket)
        .bytes(user.text)
        .integer(static_cast<std::int32_t>(kind))
        .bigint(from);
    C4A_TRY(auto rows, session_->read(StatementId::kFirstMove, cells));
    if (!rows.empty()) {
      const Seq up_to{static_cast<std::uint64_t>(rows.number())};
      return HorizonMove{id, user, kind, up_to, rows.number()};
    }
    if (bucket > layout_.bucket_of(from)) continue;
    // It lies in a later bucket only if the horizon does.
    C4A_TRY(const Progress horizons, progress(id, user));
    const Seq horizon = kind == HorizonMove::Kind::kRead ? horizons.read : horizons.delivered;
    last_bucket = std::max(last_bucket, layout_.bucket_of(signed_position(horizon.value)));
  }
  return std::nullopt;
}

}  // namespace c4a
