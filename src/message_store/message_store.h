#pragma once

// MessageStore keeps conversations: messages in order, members and how far they came, changes, receipts, devices.
//
// The router is the only writer of a conversation (`commit`); everybody reads. Implementations: RocksMessageStore
// (embedded, the default), CassandraMessageStore (several machines), FakeMessageStore (memory, for tests). Any thread
// may call any method; calls block.
// All reads see every commit that has returned. Every method fails with kUnavailable when the store cannot answer now
// and with kCorrupt (naming the place) when what it holds is damaged; further errors are named where they occur. An
// absent thing is no error: it is an empty answer.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/effects.h"

namespace c4a {

// One device of a user, as sessions keep it.
struct Device {
  DeviceId id;
  TimestampMs first_seen = 0;
  TimestampMs last_seen = 0;
  ReceiptsSeen receipts_seen;
};

// A conversation in a user's list.
struct ConversationRef {
  ConversationId id;
  bool active = true;  // false: the user left
};

// Where a message is.
struct MessagePlace {
  ConversationId id;
  Seq seq;
};

// A message by the id that its sender gave it.
struct MessageSought {
  ConversationId id;
  MessageId message_id;
};

// A conversation, and one user's part in it.
struct Standing {
  Conversation head;
  Member member;
  Progress progress;
};

class MessageStore {
 public:
  virtual ~MessageStore() = default;

  // Makes `rows` durable, all or nothing; they are on the disk when it returns. Putting the same rows again changes
  // nothing, so replaying is harmless. `position`: the last command whose effects these are.
  // Fails with: kUnavailable, nothing was stored. A failed fsync does not return: the process ends, because what a
  // later fsync says could not be believed.
  virtual Result<> commit(const Rows& rows, LogPosition position) = 0;
  // The position of the last commit; 0 in a new store.
  virtual Result<LogPosition> committed_position() = 0;

  // Everything the router needs to go on with a conversation: head with the exact last_seq and version, members with
  // their progress, `recent` empty. A deleted conversation is there, with `head.deleted`.
  virtual Result<std::optional<ConversationState>> load(const ConversationId& id) = 0;

  // In the order of `ids`, each with its newest `recent` headers. A store that is elsewhere is asked for many at once.
  virtual Result<std::vector<std::optional<ConversationState>>> load_all(std::span<const ConversationId> ids,
                                                                         std::size_t recent);

  // Whether a head may be read before all that it tells of: the messages and changes of a commit that has not returned
  // yet. They follow soon. Where not, what is missing below a head's last_seq has expired.
  virtual bool heads_may_lead() const { return false; }

  // Head alone, with the exact last_seq.
  virtual Result<std::optional<Conversation>> conversation(const ConversationId& id) = 0;
  // In the order of `ids`. A store that is elsewhere is asked for all at once.
  virtual Result<std::vector<std::optional<Conversation>>> conversations(std::span<const ConversationId> ids);
  // Both, for who decides what a user may.
  virtual Result<std::pair<std::optional<Conversation>, std::optional<Member>>> head_and_member(
      const ConversationId& id, const UserId& user);
  virtual Result<std::optional<Member>> member(const ConversationId& id, const UserId& user) = 0;
  // Members, former ones too, in user_id order, after `after` (empty text: from the start).
  virtual Result<std::vector<Member>> members(const ConversationId& id, const UserId& after, std::size_t limit) = 0;
  virtual Result<Progress> progress(const ConversationId& id, const UserId& user) = 0;
  // Of every member who has made any, in user_id order.
  virtual Result<std::vector<std::pair<UserId, Progress>>> all_progress(const ConversationId& id);
  // In the order of `ids`; nothing where there is no such conversation or the user never was in it. A store that is
  // elsewhere is asked for all at once.
  virtual Result<std::vector<std::optional<Standing>>> standings(std::span<const ConversationId> ids,
                                                                 const UserId& user);
  // The user's conversations, in id order, those left included.
  virtual Result<std::vector<ConversationRef>> conversations_of(const UserId& user) = 0;
  virtual Result<std::uint64_t> private_generation(const UserId& first, const UserId& second) = 0;

  virtual Result<std::optional<Message>> message(const ConversationId& id, Seq seq) = 0;
  virtual Result<std::optional<Message>> message(const ConversationId& id, const MessageId& message_id) = 0;
  // What one copy of the store has, for who cannot wait until the others answer again: what is found may still be on
  // its way to them, and what is not found may be there all the same. Where there is only one copy, the same as
  // `message`.
  virtual Result<std::optional<Message>> message_in_one_copy(const ConversationId& id, const MessageId& message_id) {
    return message(id, message_id);
  }
  // In the order of `places`; nothing where there is no message. A store that is elsewhere is asked for all at once.
  virtual Result<std::vector<std::optional<Message>>> messages_at(std::span<const MessagePlace> places);
  // For the router of the conversations, in the order of `sought`; nothing where there is no message. What another
  // router has committed since the conversation was loaded may be missing. A store that is elsewhere is asked for all
  // at once.
  virtual Result<std::vector<std::optional<Message>>> messages_sought(std::span<const MessageSought> sought);
  // Every conversation that holds the id (ids belong to conversations; more than one is rare).
  virtual Result<std::vector<std::pair<ConversationId, Seq>>> find_message(const MessageId& message_id) = 0;
  // Up to `limit` messages with after < seq <= until, oldest first.
  virtual Result<std::vector<Message>> messages_after(const ConversationId& id, Seq after, Seq until,
                                                      std::size_t limit) = 0;
  // Up to `limit` messages with seq < before, the nearest ones, oldest first.
  virtual Result<std::vector<Message>> messages_before(const ConversationId& id, Seq before, std::size_t limit) = 0;
  // Calls `visit` for messages with after < seq <= until, newest first, until it answers false. For counting and
  // searching: nothing is collected.
  virtual Result<> scan_back(const ConversationId& id, Seq after, Seq until,
                             const std::function<bool(const Message&)>& visit) = 0;
  // Headers of after < seq <= until: the newest `limit` of them, and besides every one that asked for a receipt; oldest
  // first.
  virtual Result<std::vector<MessageHeader>> headers(const ConversationId& id, Seq after, Seq until,
                                                     std::size_t limit) = 0;

  virtual Result<std::vector<Change>> changes_after(const ConversationId& id, Version after, Version until,
                                                    std::size_t limit) = 0;
  // In the order of emoji and user.
  virtual Result<std::vector<Reaction>> reactions(const ConversationId& id, Seq seq) = 0;
  // Of the messages first <= seq <= last, those that have any. A store that is elsewhere is asked for all at once.
  virtual Result<std::map<Seq, std::vector<Reaction>>> reactions_in(const ConversationId& id, Seq first, Seq last);
  virtual Result<bool> has_reaction(const ConversationId& id, Seq seq, std::string_view emoji, const UserId& user) = 0;
  // The first move of that kind at or above `seq`: when the user reached it. Empty: not yet.
  virtual Result<std::optional<HorizonMove>> first_move(const ConversationId& id, const UserId& user,
                                                        HorizonMove::Kind kind, Seq seq) = 0;

  // After `after` and at positions below `before`, in order.
  virtual Result<std::vector<ReceiptEvent>> receipts_after(const UserId& sender, const ReceiptPlace& after,
                                                           LogPosition before, std::size_t limit) = 0;

  // Devices belong to sessions, not to the router. A row that was put is seen by `devices` at once; a crash may take
  // the rows of the last moment, which costs a device that has an older row nothing but receipts it has seen. The first
  // row of a device must stay, or it would be taken for a new one and begin behind what it lacks: `add_device` returns
  // when it is on the disk.
  virtual Result<std::vector<Device>> devices(const UserId& user) = 0;
  virtual Result<> put_device(const UserId& user, const Device& device) = 0;
  virtual Result<> add_device(const UserId& user, const Device& device) { return put_device(user, device); }
  virtual Result<> drop_device(const UserId& user, const DeviceId& device) = 0;

  // Messages created before `cutoff` are no longer there for any reader; their bytes go in the background. Never later
  // than an earlier cutoff takes back.
  virtual void expire_before(TimestampMs cutoff) = 0;

  // A cheap read that shows whether the store answers.
  virtual Result<> check() = 0;
};

}  // namespace c4a
