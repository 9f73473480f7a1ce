#pragma once

// FakeMessageStore: a MessageStore in memory, for unit tests and the simulation. Not for anything that has to be there
// tomorrow. Deterministic; fails when it is told to.

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "message_store/message_store.h"

namespace c4a {

class FakeMessageStore : public MessageStore {
 public:
  // The next `count` commits store nothing and fail with kUnavailable.
  void fail_next_commits(int count);
  // Until it is told otherwise every call but the void ones fails with kUnavailable, commits too.
  void set_available(bool available);
  // The same, but one copy can still be asked.
  void leave_one_copy();
  // Commits that succeeded.
  std::uint64_t commits() const;

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
  Result<std::optional<Message>> message_in_one_copy(const ConversationId& id, const MessageId& message_id) override;
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
  Result<> drop_device(const UserId& user, const DeviceId& device) override;

  void expire_before(TimestampMs cutoff) override;
  Result<> check() override;

 private:
  using Guard = std::lock_guard<std::mutex>;

  // Everything of one conversation.
  struct Entry {
    std::optional<Conversation> head;
    std::map<Seq, Message> messages;
    std::map<MessageId, Seq> ids;
    std::map<UserId, Member> members;
    std::map<UserId, Progress> progress;
    std::map<std::tuple<UserId, HorizonMove::Kind, Seq>, HorizonMove> moves;
    std::map<Version, Change> changes;
    std::map<std::tuple<Seq, std::string, UserId>, Reaction> reactions;
  };

  // With the lock held.
  const Entry* find(const ConversationId& id) const;
  const Message* visible(const Entry& entry, Seq seq) const;
  std::optional<Message> by_id(const ConversationId& id, const MessageId& message_id) const;
  Result<> available() const;
  void put_conversation_rows(const Rows& rows);
  void erase(const ConversationId& id);
  static Conversation exact_head(const Entry& entry);

  mutable std::mutex lock_;
  std::map<ConversationId, Entry> conversations_;
  std::map<UserId, std::map<ConversationId, bool>> of_user_;
  std::map<UserId, std::map<DeviceId, Device>> devices_;
  std::map<UserId, std::map<ReceiptPlace, ReceiptEvent>> receipts_;
  std::map<std::pair<UserId, UserId>, std::uint64_t> generations_;
  LogPosition position_;
  TimestampMs cutoff_ = 0;
  int failures_due_ = 0;
  bool available_ = true;
  bool one_copy_ = true;  // can be asked
  std::uint64_t commits_ = 0;
};

}  // namespace c4a
