#include "migration/copy.h"

#include "migration/conversation_reader.h"
#include "migration/progress_teller.h"
#include "migration/side_by_side.h"

namespace c4a {
namespace {

constexpr std::size_t kMetadataRows = 500;  // of one transaction
constexpr int kThreads = 8;

Result<> copy_table(MetadataSource& from, MetadataTarget& to, MetadataTable table) {
  std::vector<MetadataRow> rows;
  const auto put = [&]() -> Result<> {
    if (!rows.empty()) C4A_CHECK(to.put_rows(table, rows));
    rows.clear();
    return {};
  };
  C4A_CHECK(from.read_table(table, [&](MetadataRow&& row) -> Result<> {
    rows.push_back(std::move(row));
    return rows.size() < kMetadataRows ? Result<>{} : put();
  }));
  return put();
}

Result<> copy_conversation(const MessageCopy& copy, const ConversationId& id, ProgressTeller& progress) {
  C4A_TRY(const auto there, copy.to.conversation(id));
  if (!there) {
    C4A_CHECK(read_conversation(copy.from, id, copy.keep_from, [&](const Rows& rows) -> Result<> {
      C4A_CHECK(copy.to.commit(rows, copy.position));
      progress.add({0, rows.messages.size(), 0});
      return {};
    }));
  }
  progress.add({1, 0, 0});
  return {};
}

Result<> copy_user(const MessageCopy& copy, const UserId& user, ProgressTeller& progress) {
  C4A_CHECK(read_receipts(copy.from, user, copy.keep_from,
                          [&](const Rows& rows) { return copy.to.commit(rows, copy.position); }));
  C4A_TRY(const auto devices, copy.from.devices(user));
  for (const Device& device : devices) C4A_CHECK(copy.to.put_device(user, device));
  progress.add({0, 0, 1});
  return {};
}

}  // namespace

Result<> copy_metadata(MetadataSource& from, MetadataTarget& to) {
  for (std::size_t i = 0; i < kMetadataTables.size(); ++i) {
    C4A_CHECK(copy_table(from, to, static_cast<MetadataTable>(i)));
  }
  return {};
}

Result<std::vector<UserId>> all_users(MetadataSource& metadata) {
  std::vector<UserId> users;
  C4A_CHECK(metadata.read_table(MetadataTable::kUsers, [&](MetadataRow&& row) -> Result<> {
    users.push_back({std::get<std::string>(std::move(row.front()))});
    return {};
  }));
  return users;
}

Result<> copy_messages(const MessageCopy& copy) {
  ProgressTeller progress(copy.tell);
  C4A_CHECK(copy.from.all_private_pairs([&](const PrivatePairRow& pair) {
    Rows rows;
    rows.private_pairs.push_back(pair);
    return copy.to.commit(rows, copy.position);
  }));
  SideBySide<ConversationId> conversations(
      kThreads, [&](const ConversationId& id) { return copy_conversation(copy, id, progress); });
  C4A_CHECK(copy.from.all_conversations([&](const ConversationId& id) { return conversations.add(id); }));
  C4A_CHECK(conversations.finish());
  SideBySide<UserId> users(kThreads, [&](const UserId& user) { return copy_user(copy, user, progress); });
  for (const UserId& user : copy.users) C4A_CHECK(users.add(user));
  return users.finish();
}

}  // namespace c4a
