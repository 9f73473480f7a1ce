// What must hold once everything has come to rest.

#include <fmt/format.h>

#include <algorithm>

#include "checker.h"

namespace c4a::simulation {
namespace {

constexpr std::size_t kAll = 1'000'000;
constexpr Seq kEnd{~0ULL};

std::string name(const ConversationId& id) { return id.str().substr(0, 8); }

std::optional<ChangeType> change_of(const Request& request) {
  if (std::holds_alternative<EditMessage>(request)) return ChangeType::kMessageUpdated;
  if (std::holds_alternative<DeleteMessage>(request)) return ChangeType::kMessageDeleted;
  if (std::holds_alternative<AddMember>(request)) return ChangeType::kMemberAdded;
  if (std::holds_alternative<UpdateMember>(request)) return ChangeType::kMemberUpdated;
  if (std::holds_alternative<RemoveMember>(request)) return ChangeType::kMemberRemoved;
  if (std::holds_alternative<UpdateConversation>(request)) return ChangeType::kConversationUpdated;
  if (const auto* react = std::get_if<ReactToMessage>(&request)) {
    return react->add ? ChangeType::kReactionAdded : ChangeType::kReactionRemoved;
  }
  return std::nullopt;
}

bool is_about_message(ChangeType type) { return type <= ChangeType::kReactionRemoved; }

}  // namespace

void Checker::finish(const std::vector<SessionNumber>& last_sessions) {
  for (auto& [id, talk] : talks_) {
    const auto head = store_.conversation(id).value();
    if (!head || head->deleted) {
      if (!head && !talk.order.empty()) fail(fmt::format("conversation {} is gone", name(id)));
      continue;
    }
    observe(id);
    finish_history(id, *head);
    finish_changes(id, *head);
    finish_members(id, *head);
    finish_receipts(id, *head);
  }
  for (const auto& [number, decision] : answers_) {
    if (!talk(asked_[number].conversation).deleted) finish_answer(asked_[number], decision);
  }
  for (const SessionNumber number : last_sessions) finish_pending(number);
}

const SendMessage* Checker::accepted_send(const ConversationId& id, const Message& message) const {
  const auto found = sends_.find({id, message.message_id});
  if (found == sends_.end()) return nullptr;
  for (const std::size_t number : found->second) {
    const auto& send = std::get<SendMessage>(asked_[number].request);
    const bool same = send.message.from == message.from && send.message.digest == message.digest;
    if (same && !refused_.contains(number)) return &send;
  }
  return nullptr;
}

void Checker::finish_history(const ConversationId& id, const Conversation& head) {
  const auto history = store_.messages_after(id, {}, kEnd, kAll).value();
  std::set<MessageId> seen;
  Seq expected;
  const auto changes = store_.changes_after(id, {}, Version{~0ULL}, kAll).value();
  for (const auto& message : history) {
    expected = expected.next();
    if (message.seq != expected) {
      return fail(fmt::format("conversation {}: seq {} is missing", name(id), expected.value));
    }
    if (!seen.insert(message.message_id).second) {
      fail(fmt::format("conversation {}: seq {} repeats an earlier message", name(id), message.seq.value));
    }
    if (accepted_send(id, message) == nullptr) {
      fail(fmt::format("conversation {}: seq {} was refused or never sent", name(id), message.seq.value));
    }
    finish_message(id, message, changes);
  }
  if (expected != head.last_seq)
    fail(fmt::format("conversation {}: last_seq {} of {} messages", name(id), head.last_seq.value, history.size()));
  for (const auto& [seq, message] : talk(id).order) {
    if (seq.value > history.size() || history[seq.value - 1].message_id != message) {
      fail(fmt::format("conversation {}: acknowledged or told message at seq {} is lost", name(id), seq.value));
    }
  }
}

void Checker::finish_message(const ConversationId& id, const Message& message, const std::vector<Change>& changes) {
  bool deleted = false;
  Version edited;
  std::set<std::string> reactions;
  const std::string where = fmt::format("conversation {}, message at {}", name(id), message.seq.value);
  for (const auto& change : changes) {
    if (!is_about_message(change.type) || change.seq != message.seq) continue;
    if (deleted) fail(where + fmt::format(": version {} after its deletion", change.version.value));
    const std::string reaction = change.emoji + " " + change.by.text;
    switch (change.type) {
      case ChangeType::kMessageUpdated:
        edited = change.version;
        break;
      case ChangeType::kMessageDeleted:
        deleted = true;
        break;
      case ChangeType::kReactionAdded:
        if (!reactions.insert(reaction).second) fail(where + ": a reaction was added twice");
        break;
      case ChangeType::kReactionRemoved:
        if (reactions.erase(reaction) == 0) fail(where + ": a reaction was removed that was not there");
        break;
      default:
        break;
    }
  }
  if (deleted != message.deleted_at.has_value()) fail(where + ": deleted in one place and not in the other");
  if ((edited.value != 0) != message.edited_at.has_value()) fail(where + ": edited in one place and not in the other");
  std::set<std::string> stored;
  for (const auto& one : store_.reactions(id, message.seq).value()) stored.insert(one.emoji + " " + one.user_id.text);
  if (stored != reactions) fail(where + ": its reactions are not what the changes say");
  if (deleted) return;
  for (const std::size_t number : edits_[{id, message.message_id}]) {
    const auto answer = answers_.find(number);
    if (answer == answers_.end() || !answer->second.changed || answer->second.version != edited) continue;
    if (std::get<EditMessage>(asked_[number].request).payload != message.payload) fail(where + ": an edit is lost");
  }
}

void Checker::finish_changes(const ConversationId& id, const Conversation& head) {
  const auto changes = store_.changes_after(id, {}, Version{~0ULL}, kAll).value();
  Version expected;
  std::string metadata;
  for (const auto& change : changes) {
    expected = expected.next();
    if (change.version != expected) {
      return fail(fmt::format("conversation {}: version {} is missing", name(id), expected.value));
    }
    if (change.type == ChangeType::kConversationUpdated) metadata = change.metadata;
  }
  if (expected != head.version)
    fail(fmt::format("conversation {}: version {} of {} changes", name(id), head.version.value, changes.size()));
  if (!metadata.empty() && metadata != head.metadata) fail(fmt::format("conversation {}: metadata is lost", name(id)));
  for (const auto& [version, text] : talk(id).changes) {
    if (version > head.version)
      fail(fmt::format("conversation {}: a change that was told is lost: {}", name(id), text));
  }
}

void Checker::finish_members(const ConversationId& id, const Conversation& head) {
  std::set<UserId> expected;
  for (const auto& request : asked_) {
    const auto* create = std::get_if<CreateConversation>(&request.request);
    if (create == nullptr || request.conversation != id) continue;
    expected.insert(create->members.begin(), create->members.end());
    break;
  }
  for (const auto& change : store_.changes_after(id, {}, Version{~0ULL}, kAll).value()) {
    if (change.type == ChangeType::kMemberAdded) expected.insert(change.user_id);
    if (change.type == ChangeType::kMemberRemoved) expected.erase(change.user_id);
  }
  std::set<UserId> active;
  for (const auto& member : store_.members(id, {}, kAll).value()) {
    if (member.active()) active.insert(member.user_id);
    const Person& person = talk(id).people[member.user_id];
    const auto within = [&](Seq horizon, const Bounds& acks) {
      return certain(person, acks) <= horizon && horizon <= acks.high;
    };
    if (!within(person.delivered, person.acks.delivered) || !within(person.read, person.acks.read)) {
      fail(fmt::format("conversation {}: horizons of {} ({}, {}) are not the highest acknowledged ({}-{}, {}-{})",
                       name(id), member.user_id.text, person.delivered.value, person.read.value,
                       person.acks.delivered.low.value, person.acks.delivered.high.value, person.acks.read.low.value,
                       person.acks.read.high.value));
    }
    for (const auto kind : {HorizonMove::Kind::kDelivered, HorizonMove::Kind::kRead}) {
      const Seq horizon = kind == HorizonMove::Kind::kRead ? person.read : person.delivered;
      const auto move = store_.first_move(id, member.user_id, kind, horizon).value();
      if (horizon.value != 0 && (!move || move->up_to != horizon)) {
        fail(fmt::format("conversation {}: nobody knows when {} came to {}", name(id), member.user_id.text,
                         horizon.value));
      }
    }
  }
  if (active != expected) fail(fmt::format("conversation {}: members are not what the changes say", name(head.id)));
}

void Checker::finish_receipts(const ConversationId& id, const Conversation&) {
  for (const auto& message : store_.messages_after(id, {}, kEnd, kAll).value()) {
    if (!message.request_delivery_receipt) continue;
    std::multiset<std::string> found;
    for (const auto& receipt : store_.receipts_after(message.from, {}, kEndOfLog, kAll).value()) {
      if (receipt.conversation_id != id || receipt.message_id != message.message_id) continue;
      found.insert(fmt::format("{} {}{}", message.message_id.str(), receipt.user_id.text, to_text(receipt.status)));
    }
    std::multiset<std::string> expected;
    for (const auto& [user, person] : talk(id).people) {
      if (!is_recipient(id, message, user)) continue;
      const std::string key = fmt::format("{} {}", message.message_id.str(), user.text);
      if (person.delivered >= message.seq) expected.insert(key + "DELIVERED");
      if (person.read >= message.seq) expected.insert(key + "READ");
    }
    if (found != expected) {
      fail(fmt::format("conversation {}, seq {}: {} receipts instead of {}", name(id), message.seq.value, found.size(),
                       expected.size()));
    }
    if (!rules_.receipts_all_told) continue;
    const std::size_t first_asked = sends_[{id, message.message_id}].front();
    for (const auto& [device, introduced] : introduced_) {
      if (device.first != message.from || introduced > first_asked) continue;
      for (const auto& receipt : expected) {
        if (receipts_told_[device].contains(receipt)) continue;
        fail(fmt::format("{} on {} was never told: {}", device.first.text, device.second.text, receipt));
      }
    }
  }
}

void Checker::finish_answer(const Asked& request, const Decision& decision) {
  const ConversationId& id = request.conversation;
  const std::string where = fmt::format("conversation {}, answer to {}", name(id), request.actor.text);
  if (const auto* send = std::get_if<SendMessage>(&request.request)) {
    const auto message = store_.message(id, decision.seq).value();
    if (!message || message->message_id != send->message.message_id) {
      return fail(where + fmt::format(": acknowledged message at {} is lost", decision.seq.value));
    }
    if (message->digest != send->message.digest || message->from != send->message.from) {
      fail(where + fmt::format(": other content was acknowledged at {}", decision.seq.value));
    }
    if (!decision.duplicate && !addressed(id, request.actor, decision.seq)) fail(where + ": sent without being in it");
    return;
  }
  const auto type = change_of(request.request);
  if (!type || !decision.changed) return;
  const auto change = store_.changes_after(id, Version{decision.version.value - 1}, decision.version, 1).value();
  if (change.empty() || change[0].type != *type || change[0].by != request.actor) {
    return fail(where + fmt::format(": acknowledged version {} is lost", decision.version.value));
  }
  const auto memberships_hold = [&](const UserId& user, auto rule) {
    return std::ranges::any_of(talk(id).people[user].memberships, rule);
  };
  if (const auto* add = std::get_if<AddMember>(&request.request)) {
    const Seq hidden = add->sees_history ? Seq{} : decision.seq;
    const bool holds = memberships_hold(add->user_id, [&](const Membership& m) {
      return m.joined_after == decision.seq && (!m.visibility_known || m.visible_after == hidden);
    });
    if (!holds) fail(where + fmt::format(": {} did not join at {} as asked", add->user_id.text, decision.seq.value));
  } else if (const auto* remove = std::get_if<RemoveMember>(&request.request)) {
    const bool holds =
        memberships_hold(remove->user_id, [&](const Membership& m) { return m.left_at == decision.seq; });
    if (!holds) fail(where + fmt::format(": {} did not leave at {}", remove->user_id.text, decision.seq.value));
  }
}

// What the device may have acknowledged, or what it never had to get.
Seq Checker::bound_of(const Session& session, const ConversationId& id) {
  Person& person = talk(id).people[session.user];
  Seq bound = person.device_acks[session.device].high;
  if (!person.memberships.empty()) bound = std::max(bound, person.memberships.back().joined_after);
  const std::size_t introduced = introduced_[{session.user, session.device}];
  for (const auto& [number, high] : ack_high_) {
    if (number >= introduced) break;
    const Asked& request = asked_[number];
    if (request.conversation == id && request.actor == session.user) bound = std::max(bound, high);
  }
  return bound;
}

void Checker::finish_pending(SessionNumber number) {
  Session& session = sessions_[number];
  for (auto& [id, talk_of] : talks_) {
    const auto head = store_.conversation(id).value();
    const auto member = store_.member(id, session.user).value();
    if (!head || head->deleted || !member) continue;
    const Line& line = session.lines[id];
    const Seq end = member->readable_until(head->last_seq);
    for (Seq seq = bound_of(session, id).next(); seq <= end; seq = seq.next()) {
      if (line.told.contains(seq) || own_of_device(id, seq, session.user, session.device)) continue;
      fail(fmt::format("{} on {} never got seq {} of conversation {}", session.user.text, session.device.text,
                       seq.value, name(id)));
    }
  }
}

}  // namespace c4a::simulation
