#include "message_store/cassandra/cassandra_message_store.h"

#include <algorithm>
#include <array>
#include <thread>

#include "base/clock.h"
#include "message_store/cassandra/commit.h"
#include "message_store/cassandra/head_reader.h"
#include "message_store/cassandra/write_run.h"
#include "message_store/row_codec.h"

namespace c4a {

using cassandra::CellWriter;
using cassandra::StatementId;

Result<> CassandraMessageStore::commit(const Rows& rows, LogPosition position) {
  cassandra::Commit commit(*session_, layout_);
  for (const auto& conversation : cassandra::by_conversation(rows, position)) C4A_CHECK(commit.add(conversation));
  C4A_CHECK(commit.write());
  committed_position_ = position.value;
  return {};
}

Result<LogPosition> CassandraMessageStore::committed_position() { return LogPosition{committed_position_.load()}; }

// The redo record comes first: only what is whole may be gone on with.
Result<std::optional<ConversationState>> CassandraMessageStore::load(const ConversationId& id) {
  C4A_TRY(auto head, cassandra::read_head(*session_, id));
  C4A_TRY(const auto redo, cassandra::read_redo(*session_, id, head));
  if (redo) C4A_CHECK(cassandra::Commit(*session_, layout_).finish(id, *redo));
  if (!head.conversation) return std::nullopt;
  ConversationState state(std::move(*head.conversation));
  C4A_TRY(auto members, cassandra::read_members(*session_, id, {}, ~std::size_t{0}));
  for (Member& member : members) state.add({std::move(member), {}});
  C4A_TRY(auto all, all_progress(id));
  for (auto& [user, progress] : all) {
    if (MemberState* member = state.find(user)) member->progress = std::move(progress);
  }
  state.members_changed();
  return state;
}

// A load is some requests one after the other: several go side by side.
Result<std::vector<std::optional<ConversationState>>> CassandraMessageStore::load_all(
    std::span<const ConversationId> ids, std::size_t recent) {
  constexpr std::size_t kSideBySide = 8;
  if (ids.size() < 2) return MessageStore::load_all(ids, recent);
  std::vector<Result<std::vector<std::optional<ConversationState>>>> loaded(ids.size());
  std::atomic<std::size_t> next{0};
  const auto load_some = [&] {
    for (std::size_t i = next++; i < ids.size(); i = next++) {
      loaded[i] = MessageStore::load_all(ids.subspan(i, 1), recent);
    }
  };
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < std::min(kSideBySide, ids.size()); ++i) threads.emplace_back(load_some);
    load_some();
  }
  std::vector<std::optional<ConversationState>> all;
  all.reserve(ids.size());
  for (auto& one : loaded) {
    if (!one) return std::unexpected(std::move(one.error()));
    all.push_back(std::move(one->front()));
  }
  return all;
}

Result<std::vector<std::pair<UserId, Progress>>> CassandraMessageStore::all_progress(const ConversationId& id) {
  constexpr std::int32_t kPageRows = 2'000;
  std::vector<std::pair<UserId, Progress>> all;
  std::string last;
  for (std::uint32_t found = kPageRows; found == kPageRows;) {
    std::string cells;
    CellWriter(cells).bytes(id.view()).integer(0).bytes(last).integer(kPageRows);
    C4A_TRY(auto rows, session_->read(StatementId::kProgressAfter, cells));
    found = rows.size();
    for (std::uint32_t i = 0; i < found; ++i) {
      last = rows.bytes();
      auto progress = rocks::get_progress(rows.bytes());
      if (!progress) return cassandra::damaged("horizons", id);
      all.emplace_back(UserId{last}, std::move(*progress));
    }
  }
  return all;
}

Result<std::optional<Conversation>> CassandraMessageStore::conversation(const ConversationId& id) {
  C4A_TRY(auto head, cassandra::read_head_alone(*session_, id));
  return std::move(head.conversation);
}

Result<std::vector<std::optional<Conversation>>> CassandraMessageStore::conversations(
    std::span<const ConversationId> ids) {
  std::vector<cassandra::Read> reads;
  reads.reserve(ids.size());
  for (const auto& id : ids) reads.push_back({StatementId::kHeadAlone, cassandra::head_key(id)});
  C4A_TRY(auto rows, session_->read_all(reads));
  std::vector<std::optional<Conversation>> all;
  all.reserve(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    C4A_TRY(auto head, cassandra::head_of(rows[i], StatementId::kHeadAlone, ids[i]));
    all.push_back(std::move(head.conversation));
  }
  return all;
}

Result<std::optional<Member>> CassandraMessageStore::member(const ConversationId& id, const UserId& user) {
  C4A_TRY(auto rows, session_->read(StatementId::kMember, cassandra::member_key(id, user)));
  return cassandra::member_of(rows, id, user);
}

Result<std::pair<std::optional<Conversation>, std::optional<Member>>> CassandraMessageStore::head_and_member(
    const ConversationId& id, const UserId& user) {
  const std::array reads = {cassandra::Read{StatementId::kHeadAlone, cassandra::head_key(id)},
                            cassandra::Read{StatementId::kMember, cassandra::member_key(id, user)}};
  C4A_TRY(auto rows, session_->read_all(reads));
  C4A_TRY(auto head, cassandra::head_of(rows[0], StatementId::kHeadAlone, id));
  C4A_TRY(auto member, cassandra::member_of(rows[1], id, user));
  return std::pair(std::move(head.conversation), std::move(member));
}

Result<std::vector<Member>> CassandraMessageStore::members(const ConversationId& id, const UserId& after,
                                                           std::size_t limit) {
  return cassandra::read_members(*session_, id, after, limit);
}

Result<Progress> CassandraMessageStore::progress(const ConversationId& id, const UserId& user) {
  C4A_TRY(auto rows, session_->read(StatementId::kProgress, cassandra::member_key(id, user)));
  return cassandra::progress_of(rows, id);
}

Result<std::vector<std::optional<Standing>>> CassandraMessageStore::standings(std::span<const ConversationId> ids,
                                                                              const UserId& user) {
  std::vector<cassandra::Read> reads;
  reads.reserve(3 * ids.size());
  for (const auto& id : ids) {
    reads.push_back({StatementId::kHeadAlone, cassandra::head_key(id)});
    reads.push_back({StatementId::kMember, cassandra::member_key(id, user)});
    reads.push_back({StatementId::kProgress, cassandra::member_key(id, user)});
  }
  C4A_TRY(auto rows, session_->read_all(reads));
  std::vector<std::optional<Standing>> all(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    C4A_TRY(auto head, cassandra::head_of(rows[3 * i], StatementId::kHeadAlone, ids[i]));
    C4A_TRY(auto member, cassandra::member_of(rows[3 * i + 1], ids[i], user));
    if (!head.conversation || !member) continue;
    C4A_TRY(auto progress, cassandra::progress_of(rows[3 * i + 2], ids[i]));
    all[i] = Standing{std::move(*head.conversation), std::move(*member), std::move(progress)};
  }
  return all;
}

Result<std::vector<ConversationRef>> CassandraMessageStore::conversations_of(const UserId& user) {
  std::string cells;
  CellWriter(cells).bytes(user.text);
  C4A_TRY(auto rows, session_->read(StatementId::kUserConversations, cells));
  std::vector<ConversationRef> conversations;
  for (std::uint32_t i = 0; i < rows.size(); ++i) {
    const std::string_view id = rows.bytes();
    if (id.size() != 16) return fail(ErrorCode::kCorrupt, "A row of user_conversations is damaged.");
    const auto conversation = ConversationId::from_view(id);
    conversations.push_back({conversation, rows.number() != 0});
  }
  std::ranges::sort(conversations, {}, &ConversationRef::id);  // Cassandra sorts UUIDs by their version first
  return conversations;
}

Result<std::uint64_t> CassandraMessageStore::private_generation(const UserId& first, const UserId& second) {
  std::string cells;
  CellWriter(cells).bytes(first.text).bytes(second.text);
  C4A_TRY(auto rows, session_->read(StatementId::kPair, cells));
  if (rows.empty()) return 0;
  return static_cast<std::uint64_t>(rows.number());
}

Result<std::vector<ReceiptEvent>> CassandraMessageStore::receipts_after(const UserId& sender, const ReceiptPlace& after,
                                                                        LogPosition before, std::size_t limit) {
  constexpr std::size_t kMostRows = 10'000;
  std::vector<ReceiptEvent> receipts;
  if (limit == 0) return receipts;
  std::string cells;
  CellWriter(cells)
      .bytes(sender.text)
      .bigint(cassandra::signed_position(after.position.value))
      .bigint(after.index)
      .bigint(cassandra::signed_position(before.value))
      .integer(static_cast<std::int32_t>(std::min(limit, kMostRows)));
  C4A_TRY(auto rows, session_->read(StatementId::kReceiptsAfter, cells));
  for (std::uint32_t i = 0; i < rows.size(); ++i) {
    const auto at = static_cast<std::uint64_t>(rows.number());
    const auto number = static_cast<std::uint32_t>(rows.number());
    auto receipt = rocks::get_receipt(rows.bytes());
    if (!receipt) return fail(ErrorCode::kCorrupt, "A row of receipt_events is damaged or of a newer version.");
    receipt->sender = sender;
    receipt->position = {at};
    receipt->index = number;
    receipts.push_back(std::move(*receipt));
  }
  return receipts;
}

Result<std::vector<Device>> CassandraMessageStore::devices(const UserId& user) {
  std::string cells;
  CellWriter(cells).bytes(user.text);
  C4A_TRY(auto rows, session_->read(StatementId::kDevices, cells));
  std::vector<Device> devices;
  for (std::uint32_t i = 0; i < rows.size(); ++i) {
    std::string name(rows.bytes());
    auto device = rocks::get_device(rows.bytes());
    if (!device) return fail(ErrorCode::kCorrupt, "A row of devices is damaged or of a newer version.");
    device->id.text = std::move(name);
    devices.push_back(std::move(*device));
  }
  return devices;
}

Result<> CassandraMessageStore::put_device(const UserId& user, const Device& device) {
  std::string state;
  rocks::put_device(state, device);
  cassandra::Batch row;
  row.statements = {StatementId::kPutDevice};
  CellWriter(row.cells).bytes(user.text).bytes(device.id.text).bytes(state).bigint(device_timestamp());
  const cassandra::Batch* const all[] = {&row};
  return cassandra::WriteRun(*session_).write(all);
}

Result<> CassandraMessageStore::drop_device(const UserId& user, const DeviceId& device) {
  cassandra::Batch row;
  row.statements = {StatementId::kDropDevice};
  CellWriter(row.cells).bigint(device_timestamp()).bytes(user.text).bytes(device.text);
  const cassandra::Batch* const all[] = {&row};
  return cassandra::WriteRun(*session_).write(all);
}

// Devices have no position in the log: the wall clock in microseconds, never the same twice in this process.
std::int64_t CassandraMessageStore::device_timestamp() {
  const std::int64_t now = system_clock().now_ms() * 1'000;
  std::int64_t last = last_device_timestamp_.load();
  std::int64_t next = std::max(now, last + 1);
  while (!last_device_timestamp_.compare_exchange_weak(last, next)) next = std::max(now, last + 1);
  return next;
}

void CassandraMessageStore::expire_before(TimestampMs cutoff) {
  TimestampMs before = cutoff_.load();
  while (before < cutoff && !cutoff_.compare_exchange_weak(before, cutoff)) {
  }
}

Result<> CassandraMessageStore::check() {
  C4A_TRY(const auto rows, session_->read(StatementId::kSchemaVersion, {}));
  if (rows.empty()) return fail(ErrorCode::kCorrupt, "The keyspace has lost its schema version.");
  return {};
}

}  // namespace c4a
