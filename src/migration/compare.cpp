#include "migration/compare.h"

#include <fmt/format.h>

#include "migration/conversation_reader.h"
#include "migration/progress_teller.h"
#include "migration/side_by_side.h"

namespace c4a {
namespace {

constexpr std::size_t kSentences = 20;
constexpr int kThreads = 8;

Result<Fingerprint> print_of(MetadataSource& store, MetadataTable table) {
  Fingerprint print;
  C4A_CHECK(store.read_table(table, [&](MetadataRow&& row) -> Result<> {
    add_row(print, row);
    return {};
  }));
  return print;
}

Result<ConversationPrint> print_of(BulkMessageStore& store, const ConversationId& id, TimestampMs keep_from) {
  ConversationPrint print;
  C4A_CHECK(read_conversation(store, id, keep_from, [&](const Rows& rows) -> Result<> {
    print.add(rows);
    return {};
  }));
  return print;
}

Result<UserPrint> print_of(MessageStore& store, const UserId& user, TimestampMs keep_from) {
  UserPrint print;
  C4A_CHECK(read_receipts(store, user, keep_from, [&](const Rows& rows) -> Result<> {
    for (const ReceiptEvent& row : rows.receipts) print.add(row);
    return {};
  }));
  C4A_TRY(const auto devices, store.devices(user));
  for (const Device& device : devices) print.add(device);
  C4A_TRY(const auto conversations, store.conversations_of(user));
  for (const ConversationRef& conversation : conversations) print.add(conversation);
  return print;
}

Result<std::uint64_t> count_conversations(BulkMessageStore& store) {
  std::uint64_t count = 0;
  C4A_CHECK(store.all_conversations([&](const ConversationId&) -> Result<> {
    ++count;
    return {};
  }));
  return count;
}

// What threads find, added up.
class Findings {
 public:
  explicit Findings(Comparison& comparison) : comparison_(comparison) {}

  void conversation(const ConversationId& id, const ConversationPrint& here, const ConversationPrint& there) {
    const std::lock_guard lock(mutex_);
    comparison_.conversations.add(here);
    if (here != there) {
      comparison_.differs(fmt::format("The conversation {} differs: {}.", id.str(), here.difference(there)));
    }
  }
  void user(const UserId& user, const UserPrint& here, const UserPrint& there) {
    const std::lock_guard lock(mutex_);
    for (const Fingerprint* print : {&here.receipts, &here.devices, &here.conversations}) comparison_.users.add(*print);
    if (here != there) {
      comparison_.differs(
          fmt::format("What the user {} has differs: receipts {} and {}, devices {} and {}, conversations {} and {}.",
                      user.text, here.receipts.rows, there.receipts.rows, here.devices.rows, there.devices.rows,
                      here.conversations.rows, there.conversations.rows));
    }
  }

 private:
  std::mutex mutex_;
  Comparison& comparison_;
};

Result<> compare_pairs(BulkMessageStore& from, BulkMessageStore& to, Comparison& comparison) {
  return from.all_private_pairs([&](const PrivatePairRow& pair) -> Result<> {
    C4A_TRY(const std::uint64_t there, to.private_generation(pair.first, pair.second));
    if (there != pair.generation) {
      comparison.differs(fmt::format("The pair {} and {} has {} deleted conversations and {}.", pair.first.text,
                                     pair.second.text, pair.generation, there));
    }
    return {};
  });
}

}  // namespace

void Comparison::differs(std::string sentence) {
  ++different;
  if (differences.size() < kSentences) differences.push_back(std::move(sentence));
}

Result<> compare_metadata(MetadataSource& from, MetadataSource& to, Comparison& comparison) {
  for (std::size_t i = 0; i < kMetadataTables.size(); ++i) {
    C4A_TRY(const Fingerprint here, print_of(from, static_cast<MetadataTable>(i)));
    C4A_TRY(const Fingerprint there, print_of(to, static_cast<MetadataTable>(i)));
    if (here == there) continue;
    comparison.differs(
        fmt::format("The table {} differs: {} rows and {}.", kMetadataTables[i].table, here.rows, there.rows));
  }
  return {};
}

Result<> compare_messages(BulkMessageStore& from, BulkMessageStore& to, const std::vector<UserId>& users,
                          TimestampMs keep_from, const TellProgress& tell, Comparison& comparison) {
  ProgressTeller progress(tell);
  Findings findings(comparison);
  SideBySide<ConversationId> conversations(kThreads, [&](const ConversationId& id) -> Result<> {
    C4A_TRY(const auto here, print_of(from, id, keep_from));
    C4A_TRY(const auto there, print_of(to, id, keep_from));
    findings.conversation(id, here, there);
    progress.add({1, here.messages.rows, 0});
    return {};
  });
  C4A_CHECK(from.all_conversations([&](const ConversationId& id) { return conversations.add(id); }));
  C4A_CHECK(conversations.finish());
  SideBySide<UserId> people(kThreads, [&](const UserId& user) -> Result<> {
    C4A_TRY(const auto here, print_of(from, user, keep_from));
    C4A_TRY(const auto there, print_of(to, user, keep_from));
    findings.user(user, here, there);
    progress.add({0, 0, 1});
    return {};
  });
  for (const UserId& user : users) C4A_CHECK(people.add(user));
  C4A_CHECK(people.finish());
  C4A_CHECK(compare_pairs(from, to, comparison));
  C4A_TRY(const std::uint64_t there, count_conversations(to));
  if (there != comparison.conversations.heads.rows) {
    comparison.differs(fmt::format("There are {} conversations and {}.", comparison.conversations.heads.rows, there));
  }
  return {};
}

}  // namespace c4a
