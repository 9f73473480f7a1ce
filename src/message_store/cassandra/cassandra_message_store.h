#pragma once

// CassandraMessageStore: the MessageStore for several machines, over a Cassandra cluster. Where one process on one
// machine is enough, RocksMessageStore is faster and asks for nothing.
//
// How the rows lie is described in docs/formats/cassandra.md. Any number of threads commit and read at once; a
// conversation has one writer. Opened by open.h.

#include <atomic>
#include <memory>

#include "message_store/bulk_message_store.h"
#include "message_store/cassandra/conversation_rows.h"
#include "message_store/cassandra/cql_session.h"
#include "message_store/cassandra/layout.h"
#include "message_store/cassandra/redo.h"

namespace c4a {

class CassandraMessageStore final : public BulkMessageStore {
 public:
  CassandraMessageStore(std::unique_ptr<cassandra::CqlSession> session, const cassandra::Layout& layout,
                        const Uuid& installation)
      : session_(std::move(session)), layout_(layout), installation_(installation) {}

  // To which the keyspace belongs.
  const Uuid& installation() const { return installation_; }
  // For what is seldom asked.
  cassandra::CqlSession& session() const { return *session_; }

  Result<> commit(const Rows& rows, LogPosition position) override;
  Result<LogPosition> committed_position() override;

  Result<std::optional<ConversationState>> load(const ConversationId& id) override;
  Result<std::vector<std::optional<ConversationState>>> load_all(std::span<const ConversationId> ids,
                                                                 std::size_t recent) override;
  bool heads_may_lead() const override { return true; }
  Result<std::optional<Conversation>> conversation(const ConversationId& id) override;
  Result<std::vector<std::optional<Conversation>>> conversations(std::span<const ConversationId> ids) override;
  Result<std::pair<std::optional<Conversation>, std::optional<Member>>> head_and_member(const ConversationId& id,
                                                                                        const UserId& user) override;
  Result<std::optional<Member>> member(const ConversationId& id, const UserId& user) override;
  Result<std::vector<Member>> members(const ConversationId& id, const UserId& after, std::size_t limit) override;
  Result<Progress> progress(const ConversationId& id, const UserId& user) override;
  Result<std::vector<std::pair<UserId, Progress>>> all_progress(const ConversationId& id) override;
  Result<std::vector<std::optional<Standing>>> standings(std::span<const ConversationId> ids,
                                                         const UserId& user) override;
  Result<std::vector<ConversationRef>> conversations_of(const UserId& user) override;
  Result<std::uint64_t> private_generation(const UserId& first, const UserId& second) override;

  Result<std::optional<Message>> message(const ConversationId& id, Seq seq) override;
  Result<std::optional<Message>> message(const ConversationId& id, const MessageId& message_id) override;
  Result<std::optional<Message>> message_in_one_copy(const ConversationId& id, const MessageId& message_id) override;
  Result<std::vector<std::optional<Message>>> messages_at(std::span<const MessagePlace> places) override;
  Result<std::vector<std::optional<Message>>> messages_sought(std::span<const MessageSought> sought) override;
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
  Result<std::map<Seq, std::vector<Reaction>>> reactions_in(const ConversationId& id, Seq first, Seq last) override;
  Result<bool> has_reaction(const ConversationId& id, Seq seq, std::string_view emoji, const UserId& user) override;
  Result<std::optional<HorizonMove>> first_move(const ConversationId& id, const UserId& user, HorizonMove::Kind kind,
                                                Seq seq) override;
  Result<std::vector<ReceiptEvent>> receipts_after(const UserId& sender, const ReceiptPlace& after, LogPosition before,
                                                   std::size_t limit) override;

  Result<std::vector<Device>> devices(const UserId& user) override;
  Result<> put_device(const UserId& user, const Device& device) override;
  Result<> drop_device(const UserId& user, const DeviceId& device) override;

  void expire_before(TimestampMs cutoff) override;
  Result<> check() override;

  Result<> all_conversations(const std::function<Result<>(const ConversationId&)>& visit) override;
  Result<> all_private_pairs(const std::function<Result<>(const PrivatePairRow&)>& visit) override;
  Result<> all_moves(const ConversationId& id, Seq last_seq,
                     const std::function<Result<>(HorizonMove&&)>& visit) override;
  Result<> all_reactions(const ConversationId& id, Seq last_seq,
                         const std::function<Result<>(ReactionRow&&)>& visit) override;

 private:
  cassandra::Read read_of(const MessagePlace& place) const;
  // `rows`: what the read of the place answered.
  Result<std::optional<Message>> message_of(cassandra::RowSet& rows, const MessagePlace& place);
  bool hidden(TimestampMs created_at) const { return created_at < cutoff_.load(std::memory_order_relaxed); }
  // Whether a bucket without a row means that everything before it has expired.
  bool expires() const { return layout_.retention_days > 0 || cutoff_.load(std::memory_order_relaxed) > 0; }
  // Of first <= seq <= last, in the order of seq, emoji and user.
  Result<> scan_reactions(const ConversationId& id, std::int64_t first, std::int64_t last,
                          const std::function<Result<>(ReactionRow&&)>& visit);
  Result<> scan_down(const ConversationId& id, Seq after, Seq until, std::size_t page,
                     const std::function<bool(const Message&)>& visit);
  Result<std::vector<MessageHeader>> asked_headers(const ConversationId& id, std::int64_t after, std::int64_t until);
  Result<> add_headers(const ConversationId& id, std::int32_t bucket, std::span<const std::int64_t> seqs,
                       std::vector<MessageHeader>& headers);
  std::int64_t device_timestamp();

  std::unique_ptr<cassandra::CqlSession> session_;
  cassandra::Layout layout_;
  Uuid installation_;
  std::atomic<std::uint64_t> committed_position_{0};
  std::atomic<TimestampMs> cutoff_{0};
  std::atomic<std::int64_t> last_device_timestamp_{0};
};

}  // namespace c4a
