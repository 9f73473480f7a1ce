#pragma once

// A MessageStore in memory whose faults the simulation decides. Rows are upserts: the one from the later log position
// stays, whenever it is written, so that a zombie's late rows do no harm.

#include <functional>
#include <map>
#include <set>
#include <tuple>

#include "message_store/message_store.h"
#include "random.h"

namespace c4a::simulation {

// What a crash in the middle of a commit leaves.
enum class Atomicity {
  kCommit,        // all or nothing: the embedded store
  kConversation,  // each conversation's rows all or nothing, with its position: what the distributed store must promise
  kRow,           // any of the rows: plain upserts, which is not enough
};

class VersionedStore final : public MessageStore {
 public:
  enum class Point { kRead, kCommit, kPartStored };
  // Called before a router's read and commit and after each part that was stored. An error makes the call fail; it may
  // also throw (a crash) or let another router run.
  using Hook = std::function<Result<>(Point)>;

  explicit VersionedStore(Atomicity atomicity) : atomicity_(atomicity) {}

  Hook hook;
  // Conversations that were written since this was last cleared.
  std::set<ConversationId> touched;

  Result<> commit(const Rows& rows, LogPosition position) override;
  // After a commit that did not return, readers know its conversations' heads, and find their messages and changes or
  // not, until a router has loaded or committed them again.
  bool heads_may_lead() const override { return atomicity_ == Atomicity::kConversation; }
  Result<LogPosition> committed_position() override { return committed_; }
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
  Result<> drop_device(const UserId& user, const DeviceId& device) override;
  void expire_before(TimestampMs) override {}
  Result<> check() override { return {}; }

  std::vector<ConversationId> all_conversations() const;
  // Which rows of a conversation are not the same in the other store; empty: none. Device cursors may differ: what a
  // sender's own messages add to them is not stored each time.
  std::string difference(const VersionedStore& other, const ConversationId& id) const;

 private:
  template <class T>
  struct Cell {
    T value{};
    LogPosition written;
    void put(const T& newer, LogPosition position) {
      if (position < written) return;
      value = newer;
      written = position;
    }
  };
  using ReactionKey = std::tuple<Seq, std::string, UserId>;
  using MoveKey = std::tuple<UserId, HorizonMove::Kind, Seq>;
  struct Shelf {
    Cell<std::optional<Conversation>> head;
    std::map<UserId, Cell<Member>> members;
    std::map<UserId, Cell<Progress>> progress;
    std::map<Seq, Cell<Message>> messages;
    std::map<Version, Cell<Change>> changes;
    std::map<ReactionKey, Cell<ReactionRow>> reactions;
    std::map<MoveKey, HorizonMove> moves;
    LogPosition erased;
  };

  // What a conversation had before a commit that has not returned.
  struct UnderWay {
    Seq seq;
    Version version;
  };
  void begin(const Rows& part);
  // Where a reader that looks now finds only what was there before; null: it finds all.
  const UnderWay* before_what_is_under_way(const ConversationId& id);

  Result<> at(Point point) { return hook ? hook(point) : Result<>{}; }
  std::vector<Rows> parts_of(const Rows& rows);
  void put(const Rows& rows, LogPosition position);
  // Null where late rows of an erased conversation must not come back.
  Shelf* writable(const ConversationId& id, LogPosition position);
  const Shelf* find(const ConversationId& id) const;
  static Conversation exact(const Shelf& shelf);

  const Atomicity atomicity_;
  Random order_{7};
  Random lag_{11};
  std::map<ConversationId, UnderWay> under_way_;
  std::map<ConversationId, Shelf> shelves_;
  std::map<UserId, std::map<ReceiptPlace, ReceiptEvent>> receipts_;
  std::map<std::pair<UserId, UserId>, std::uint64_t> generations_;
  std::map<UserId, std::map<DeviceId, Device>> devices_;
  LogPosition committed_;
};

}  // namespace c4a::simulation
