#pragma once

// Says whether a run kept the promises. Knows nothing of routers and sessions: only what clients asked and were told,
// and what the store holds. The first broken promise is kept.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "domain/command.h"
#include "domain/effects.h"
#include "message_store/message_store.h"
#include "told_frame.h"

namespace c4a::simulation {

// A request as the client made it.
struct Asked {
  ConversationId conversation;
  UserId actor;
  DeviceId device;
  SessionNumber session = 0;  // 0: over REST
  Request request;
};

class Checker {
 public:
  struct Rules {
    std::size_t receipt_members = 100;
    // The bus may lose events, so a live receipt may be missed until the device connects again.
    bool receipts_all_told = true;
  };

  Checker(MessageStore& store, Rules rules) : store_(store), rules_(rules) {}

  // What clients did and heard. A request is `lost` when nobody will ever be told what became of it.
  std::size_t asked(Asked request);
  void answered(std::size_t request, const Result<Decision>& decision);
  void lost(std::size_t request);
  void session_opening(SessionNumber session, const UserId& user, const DeviceId& device);
  void session_opened(SessionNumber session);
  void told(SessionNumber session, const ToldFrame& frame);

  // The store changed.
  void observe(const ConversationId& conversation);
  // Everything has come to rest, and every device has connected once more and heard everything: `last_sessions`.
  void finish(const std::vector<SessionNumber>& last_sessions);

  const std::optional<std::string>& violation() const { return violation_; }
  std::size_t acknowledged_sends() const { return acknowledged_sends_; }
  const Asked& request(std::size_t number) const { return asked_[number]; }
  // What the device was told last, for a client that acknowledges.
  std::pair<Seq, Version> last_told(const UserId& user, const DeviceId& device, const ConversationId& id) const;

 private:
  using DeviceKey = std::pair<UserId, DeviceId>;
  using MessageKey = std::pair<ConversationId, MessageId>;
  // At least `low` is certain, no more than `high` is possible.
  struct Bounds {
    Seq low;
    Seq high;
  };
  struct Acks {
    Bounds delivered;
    Bounds read;
  };
  struct Membership {
    Seq joined_after;
    Seq visible_after;
    std::optional<Seq> left_at;
    bool visibility_known = false;
  };
  struct Person {
    std::vector<Membership> memberships;
    Acks acks;
    Seq delivered;  // as last seen in the store
    Seq read;
    std::map<DeviceId, Bounds> device_acks;
  };
  struct Talk {
    std::map<Seq, MessageId> order;
    std::map<Version, std::string> changes;
    std::map<UserId, Person> people;
    bool deleted = false;
  };
  // What a session was told of one conversation.
  struct Line {
    Seq floor;  // what the device had acknowledged before the session began
    Seq last;   // message frame
    Version last_version;
    std::set<Seq> told;
    std::set<Seq> sent;                // answers to its own sends
    std::set<Seq> repeated;            // answers to repeated ones
    std::map<std::size_t, Seq> order;  // the same by request: in the order in which they were made
    std::map<std::string, int> ranks;  // message and user: the highest status
    std::set<std::string> receipts;
  };
  struct Session {
    UserId user;
    DeviceId device;
    std::map<ConversationId, Line> lines;
  };

  void fail(std::string what);
  // Whoever left acknowledges no further than that.
  static Seq certain(const Person& person, const Bounds& bounds);
  Talk& talk(const ConversationId& id) { return talks_[id]; }
  void place(const ConversationId& id, Seq seq, const MessageId& message);

  void answered_send(std::size_t number, const SendMessage& send, const Decision& decision);
  void count_ack(std::size_t number, Seq last_seq, bool is_certain);
  void refused(std::size_t number, const Error& error);
  void told_message(Session& session, const ToldFrame& frame);
  void told_change(Session& session, const ToldFrame& frame);
  void told_status(Session& session, const ToldFrame& frame);
  void check_payload(const ToldFrame& frame);

  bool granted(const ConversationId& id, const UserId& user, Seq seq);
  bool addressed(const ConversationId& id, const UserId& user, Seq seq);
  bool own_of_device(const ConversationId& id, Seq seq, const UserId& user, const DeviceId& device);
  bool is_recipient(const ConversationId& id, const Message& message, const UserId& user);

  void observe_member(const ConversationId& id, Person& person, const Conversation& head, const Member& member);

  // At the end, for each conversation.
  void finish_history(const ConversationId& id, const Conversation& head);
  void finish_changes(const ConversationId& id, const Conversation& head);
  void finish_members(const ConversationId& id, const Conversation& head);
  void finish_receipts(const ConversationId& id, const Conversation& head);
  void finish_answer(const Asked& request, const Decision& decision);
  Seq bound_of(const Session& session, const ConversationId& id);
  void finish_pending(SessionNumber number);
  void finish_message(const ConversationId& id, const Message& message, const std::vector<Change>& changes);
  const SendMessage* accepted_send(const ConversationId& id, const Message& message) const;

  MessageStore& store_;
  const Rules rules_;
  std::optional<std::string> violation_;
  std::vector<Asked> asked_;
  std::map<std::size_t, Decision> answers_;
  std::map<MessageKey, std::vector<std::size_t>> sends_;
  std::map<MessageKey, std::vector<std::size_t>> edits_;
  std::map<ConversationId, Talk> talks_;
  std::map<SessionNumber, Session> sessions_;
  std::set<std::size_t> refused_;
  std::map<std::size_t, Seq> ack_high_;  // of each acknowledgement: how far it can have moved a horizon
  std::set<MessageKey> deletes_;
  std::map<DeviceKey, std::size_t> introduced_;  // the number of the next request when the device was first seen
  std::map<DeviceKey, std::map<ConversationId, Seq>> first_floor_;  // delivered to the user before that
  std::map<std::pair<DeviceKey, ConversationId>, std::pair<Seq, Version>> last_told_;
  std::map<DeviceKey, std::set<std::string>> receipts_told_;
  std::size_t acknowledged_sends_ = 0;
};

}  // namespace c4a::simulation
