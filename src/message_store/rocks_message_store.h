#pragma once

// RocksMessageStore: the embedded MessageStore, in one directory of the local disk. For one process; when the data must
// survive the machine, use the distributed one.
//
// How the bytes lie is described in docs/formats/message_store.md. One thread may commit at a time, others wait; reads
// wait for nobody.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "message_store/bulk_message_store.h"
#include "message_store/wal_faults.h"

namespace c4a {

namespace rocks {
class CommitBatch;
class Database;
class DeviceRows;
class Floors;
enum class Family : std::uint8_t;
}  // namespace rocks

struct RocksMessageStoreOptions {
  std::string path;                           // made when it is not there
  std::size_t block_cache_bytes = 256 << 20;  // of what was read from the disk, unpacked
  std::uint64_t log_bytes = 12 << 20;         // a new log begins there; one or two are replayed after a crash
  // A write that may or may not be on the disk. By default: a line on stderr, and the process ends with 1. If it
  // returns (in tests), the commit fails with kUnavailable.
  std::function<void(const std::string& what)> on_fatal;
  std::shared_ptr<const rocks::WalFaults> faults;  // for tests
};

class RocksMessageStore final : public BulkMessageStore {
 public:
  // Fails with: kUnavailable when another process has the directory or it cannot be written, kCorrupt (naming the file)
  // when what lies there is damaged or of a newer version of Chat4All.
  static Result<std::unique_ptr<RocksMessageStore>> open(RocksMessageStoreOptions options);
  ~RocksMessageStore() override;

  Result<> commit(const Rows& rows, LogPosition position) override;
  Result<LogPosition> committed_position() override;

  Result<std::optional<ConversationState>> load(const ConversationId& id) override;
  Result<std::optional<Conversation>> conversation(const ConversationId& id) override;
  Result<std::optional<Member>> member(const ConversationId& id, const UserId& user) override;
  Result<std::vector<Member>> members(const ConversationId& id, const UserId& after, std::size_t limit) override;
  Result<Progress> progress(const ConversationId& id, const UserId& user) override;
  Result<std::vector<ConversationRef>> conversations_of(const UserId& user) override;
  Result<std::uint64_t> private_generation(const UserId& first, const UserId& second) override;

  Result<std::optional<Message>> message(const ConversationId& id, Seq seq) override;
  Result<std::optional<Message>> message(const ConversationId& id, const MessageId& message_id) override;
  Result<std::vector<std::pair<ConversationId, Seq>>> find_message(const MessageId& message_id) override;
  Result<std::vector<Message>> messages_after(const ConversationId& id, Seq after, Seq until,
                                              std::size_t limit) override;
  Result<std::vector<Message>> messages_before(const ConversationId& id, Seq before, std::size_t limit) override;
  Result<> scan_back(const ConversationId& id, Seq after, Seq until,
                     const std::function<bool(const Message&)>& visit) override;
  Result<std::vector<MessageHeader>> headers(const ConversationId& id, Seq after, Seq until,
                                             std::size_t limit) override;

  Result<std::vector<Change>> changes_after(const ConversationId& id, Version after, Version until,
                                            std::size_t limit) override;
  Result<std::vector<Reaction>> reactions(const ConversationId& id, Seq seq) override;
  Result<bool> has_reaction(const ConversationId& id, Seq seq, std::string_view emoji, const UserId& user) override;
  Result<std::optional<HorizonMove>> first_move(const ConversationId& id, const UserId& user, HorizonMove::Kind kind,
                                                Seq seq) override;
  Result<std::vector<ReceiptEvent>> receipts_after(const UserId& sender, const ReceiptPlace& after, LogPosition before,
                                                   std::size_t limit) override;

  Result<std::vector<Device>> devices(const UserId& user) override;
  Result<> put_device(const UserId& user, const Device& device) override;
  Result<> add_device(const UserId& user, const Device& device) override;
  Result<> drop_device(const UserId& user, const DeviceId& device) override;

  void expire_before(TimestampMs cutoff) override;
  Result<> check() override;

  Result<> all_conversations(const std::function<Result<>(const ConversationId&)>& visit) override;
  Result<> all_private_pairs(const std::function<Result<>(const PrivatePairRow&)>& visit) override;
  Result<> all_moves(const ConversationId& id, Seq last_seq,
                     const std::function<Result<>(HorizonMove&&)>& visit) override;
  Result<> all_reactions(const ConversationId& id, Seq last_seq,
                         const std::function<Result<>(ReactionRow&&)>& visit) override;
  // Tells this database from every other, and stays the same.
  std::string identity();

  // Rewrites all files now, without what is expired or erased, and returns when that is done. RocksDB does the same by
  // and by; this is for tests and for an operator who wants the bytes back at once.
  Result<> compact();

 private:
  explicit RocksMessageStore(std::unique_ptr<rocks::Database> database);

  bool hidden(TimestampMs created_at) const;
  Result<> all_rows(rocks::Family family, const std::function<Result<>(std::string_view, std::string_view)>& visit);
  // For a store without all floors. Whether it has them is asked before the head is read: they may come meanwhile.
  Result<> raise_to_last_message(Conversation& head);
  Result<std::vector<UserId>> member_ids(const ConversationId& id);
  // Headers of after < seq < before that asked for a receipt, oldest first.
  Result<std::vector<MessageHeader>> asked_headers(const ConversationId& id, Seq after, Seq before);

  std::unique_ptr<rocks::Database> database_;
  std::unique_ptr<rocks::CommitBatch> batch_;  // guarded by the database's write lock
  std::unique_ptr<rocks::Floors> floors_;      // after the others, as the next: their threads use them
  std::unique_ptr<rocks::DeviceRows> device_rows_;
};

}  // namespace c4a
