#include "checker.h"

#include <fmt/format.h>

#include <algorithm>

namespace c4a::simulation {
namespace {

std::string name(const ConversationId& id) { return id.str().substr(0, 8); }
std::string name(const MessageId& id) { return id.str().substr(0, 8); }

int rank(const std::string& status) { return status == "READ" ? 2 : 1; }

}  // namespace

void Checker::fail(std::string what) {
  if (!violation_) violation_ = std::move(what);
}

std::size_t Checker::asked(Asked request) {
  const std::size_t number = asked_.size();
  const ConversationId& id = request.conversation;
  talk(id);
  if (const auto* send = std::get_if<SendMessage>(&request.request)) {
    sends_[{id, send->message.message_id}].push_back(number);
  } else if (const auto* edit = std::get_if<EditMessage>(&request.request)) {
    edits_[{id, edit->message_id}].push_back(number);
  } else if (const auto* erase = std::get_if<DeleteMessage>(&request.request)) {
    deletes_.insert({id, erase->message_id});
  }
  asked_.push_back(std::move(request));
  return number;
}

void Checker::lost(std::size_t number) {
  const auto head = store_.conversation(asked_[number].conversation).value();
  if (head) count_ack(number, head->last_seq, false);
}

void Checker::answered(std::size_t number, const Result<Decision>& decision) {
  const Asked& request = asked_[number];
  if (!decision) return refused(number, decision.error());
  answers_.emplace(number, *decision);
  if (const auto* send = std::get_if<SendMessage>(&request.request)) answered_send(number, *send, *decision);
  count_ack(number, decision->seq, true);
}

void Checker::refused(std::size_t number, const Error& error) {
  refused_.insert(number);
  if (error.code != ErrorCode::kMessageIdConflict) return;
  const auto& mine = std::get<SendMessage>(asked_[number].request).message;
  const bool reason = std::ranges::any_of(sends_[{asked_[number].conversation, mine.message_id}], [&](std::size_t n) {
    const auto& other = std::get<SendMessage>(asked_[n].request).message;
    return other.from != mine.from || other.digest != mine.digest;
  });
  if (!reason) fail(fmt::format("message {} is a conflict though nobody sent other content", name(mine.message_id)));
}

Seq Checker::certain(const Person& person, const Bounds& bounds) {
  Seq low = bounds.low;
  for (const auto& membership : person.memberships) {
    if (membership.left_at) low = std::min(low, *membership.left_at);
  }
  return low;
}

void Checker::count_ack(std::size_t number, Seq last_seq, bool is_certain) {
  const Asked& request = asked_[number];
  const auto* ack = std::get_if<Acknowledge>(&request.request);
  if (ack == nullptr) return;
  Person& person = talk(request.conversation).people[request.actor];
  const Seq high = std::min(ack->up_to_seq, last_seq);
  const Seq low = is_certain ? high : Seq{};
  ack_high_[number] = high;
  const auto raise = [&](Bounds& bounds) {
    bounds.low = std::max(bounds.low, low);
    bounds.high = std::max(bounds.high, high);
  };
  raise(person.acks.delivered);
  raise(person.device_acks[ack->device]);
  if (ack->read) raise(person.acks.read);
}

void Checker::place(const ConversationId& id, Seq seq, const MessageId& message) {
  const auto [found, fresh] = talk(id).order.emplace(seq, message);
  if (!fresh && found->second != message) {
    fail(fmt::format("conversation {}: seq {} is message {} for one client and {} for another", name(id), seq.value,
                     name(found->second), name(message)));
  }
}

void Checker::answered_send(std::size_t number, const SendMessage& send, const Decision& decision) {
  const Asked& request = asked_[number];
  const auto& sent = send.message;
  place(request.conversation, decision.seq, sent.message_id);
  ++acknowledged_sends_;
  if (request.session == 0) return;
  Line& line = sessions_[request.session].lines[request.conversation];
  if (decision.duplicate) {
    line.repeated.insert(decision.seq);
    return;
  }
  line.sent.insert(decision.seq);
  if (line.told.contains(decision.seq)) {
    fail(fmt::format("{} on {}: conversation {}, seq {} was told to the session that sent it", request.actor.text,
                     request.device.text, name(request.conversation), decision.seq.value));
  }
  const auto at = line.order.emplace(number, decision.seq).first;
  const bool after_earlier = at == line.order.begin() || std::prev(at)->second < decision.seq;
  const bool before_later = std::next(at) == line.order.end() || decision.seq < std::next(at)->second;
  if (!after_earlier || !before_later) fail("one socket's messages took their places in another order than sent");
}

void Checker::session_opening(SessionNumber number, const UserId& user, const DeviceId& device) {
  Session& session = sessions_[number];
  session = {user, device, {}};
  std::map<ConversationId, Seq> delivered;
  for (auto& [id, talk] : talks_) {
    Person& person = talk.people[user];
    session.lines[id].floor = certain(person, person.device_acks[device]);
    delivered[id] = certain(person, person.acks.delivered);
  }
  first_floor_.emplace(DeviceKey{user, device}, std::move(delivered));
}

void Checker::session_opened(SessionNumber number) {
  const Session& session = sessions_[number];
  introduced_.emplace(DeviceKey{session.user, session.device}, asked_.size());
}

std::pair<Seq, Version> Checker::last_told(const UserId& user, const DeviceId& device, const ConversationId& id) const {
  const auto found = last_told_.find({{user, device}, id});
  return found == last_told_.end() ? std::pair<Seq, Version>{} : found->second;
}

void Checker::told(SessionNumber number, const ToldFrame& frame) {
  Session& session = sessions_[number];
  auto& [seq, version] = last_told_[{{session.user, session.device}, frame.conversation}];
  if (frame.type == "message") {
    seq = frame.seq;
    told_message(session, frame);
  } else if (frame.type == "status") {
    told_status(session, frame);
  } else if (frame.version.value != 0) {
    version = frame.version;
    told_change(session, frame);
  } else if (frame.type != "typing") {
    fail("a frame that no client understands: " + frame.raw);
  }
}

void Checker::told_message(Session& session, const ToldFrame& frame) {
  const ConversationId& id = frame.conversation;
  Line& line = session.lines[id];
  const std::string where = fmt::format("{} on {}: conversation {}, seq {}", session.user.text, session.device.text,
                                        name(id), frame.seq.value);
  place(id, frame.seq, frame.message_id);
  if (line.last.value != 0 && frame.seq <= line.last) fail(where + " was told again or out of order");
  if (line.sent.contains(frame.seq)) fail(where + " was told to the session that sent it");
  if (frame.seq <= line.floor) fail(where + " was told again though the device had acknowledged it");
  const auto& delivered = first_floor_[{session.user, session.device}];
  if (const auto floor = delivered.find(id); floor != delivered.end() && frame.seq <= floor->second) {
    fail(where + " was told to a new device though the user had it delivered before");
  }
  // What was still pending of an earlier membership ends where the present one begins.
  const auto& memberships = talk(id).people[session.user].memberships;
  const Seq from = memberships.empty() ? line.last : std::max(line.last, memberships.back().joined_after);
  const bool compares = line.last.value != 0 && !talk(id).deleted;
  for (Seq missing = from.next(); compares && missing < frame.seq; missing = missing.next()) {
    if (line.sent.contains(missing) || line.repeated.contains(missing)) continue;
    if (own_of_device(id, missing, session.user, session.device)) continue;
    if (addressed(id, session.user, missing)) fail(fmt::format("{}: {} was left out", where, missing.value));
  }
  if (!granted(id, session.user, frame.seq)) fail(where + " was told to somebody who may not see it");
  check_payload(frame);
  line.last = frame.seq;
  line.told.insert(frame.seq);
}

void Checker::check_payload(const ToldFrame& frame) {
  const MessageKey key{frame.conversation, frame.message_id};
  if (!frame.payload) {
    if (!deletes_.contains(key)) fail(fmt::format("message {} is deleted and nobody asked for it", name(key.second)));
    return;
  }
  const bool sent = std::ranges::any_of(sends_[key], [&](std::size_t n) {
    return std::get<SendMessage>(asked_[n].request).message.payload == *frame.payload;
  });
  const bool edited = std::ranges::any_of(
      edits_[key], [&](std::size_t n) { return std::get<EditMessage>(asked_[n].request).payload == *frame.payload; });
  if (!sent && !edited) fail(fmt::format("message {} says what nobody wrote: {}", name(key.second), *frame.payload));
}

void Checker::told_change(Session& session, const ToldFrame& frame) {
  const ConversationId& id = frame.conversation;
  Line& line = session.lines[id];
  const std::string where = fmt::format("{} on {}: conversation {}, version {}", session.user.text, session.device.text,
                                        name(id), frame.version.value);
  const auto member = store_.member(id, session.user).value();
  if (!member) {
    if (!talk(id).deleted) fail(where + " was told to a stranger");
    return;
  }
  if (line.last_version.value != 0) {
    if (frame.version <= line.last_version) fail(where + " was told again or out of order");
    const bool rejoined = member->joined_version >= line.last_version;
    if (frame.version > line.last_version.next() && !rejoined) fail(where + ": versions before it were left out");
  }
  if (!member->active() && frame.version > member->left_at_version) fail(where + " was told after leaving");
  line.last_version = frame.version;
  if (frame.has_message && !granted(id, session.user, frame.seq)) fail(where + " shows a message from before joining");
  if (frame.has_message) check_payload(frame);
  if (frame.type == "message.updated" && !frame.has_message) return;
  const std::string text = fmt::format("{} by {} {} {} {} {}", frame.type, frame.by.text, frame.user_id.text,
                                       frame.message_id.str(), frame.seq.value, frame.has_message ? "" : frame.detail);
  const auto [found, fresh] = talk(id).changes.emplace(frame.version, text);
  if (!fresh && found->second != text) fail(where + " is two things: " + found->second + " / " + text);
}

void Checker::told_status(Session& session, const ToldFrame& frame) {
  const ConversationId& id = frame.conversation;
  const auto message = store_.message(id, frame.seq).value();
  if (!message) {
    if (!talk(id).deleted) fail("a status of a message that is not there");
    return;
  }
  Line& line = session.lines[id];
  const std::string where = fmt::format("{}: status {} of {} seq {} by {}", session.user.text, frame.status, name(id),
                                        frame.seq.value, frame.user_id.text);
  if (message->message_id != frame.message_id || message->from != session.user) fail(where + ": not their message");
  const bool own = frame.user_id == session.user;
  const bool asked = message->request_delivery_receipt;
  if ((asked || rules_.receipt_members >= 100) && !is_recipient(id, *message, frame.user_id)) {
    fail(where + ": no recipient of it");
  }
  const Progress progress = store_.progress(id, frame.user_id).value();
  const Seq reached = rank(frame.status) == 2 ? progress.read : progress.delivered;
  if (!own && reached < frame.seq) fail(where + ": told before it was certain");
  const std::string key = fmt::format("{} {}", frame.message_id.str(), frame.user_id.text);
  int& highest = line.ranks[key];
  if (rank(frame.status) < highest) fail(where + ": the status went back");
  if (rank(frame.status) == highest) fail(where + ": the status was told twice");
  highest = std::max(highest, rank(frame.status));
  if (!asked) return;
  if (!line.receipts.insert(key + frame.status).second) fail(where + ": the receipt was told twice in a session");
  receipts_told_[{session.user, session.device}].insert(key + frame.status);
}

bool Checker::granted(const ConversationId& id, const UserId& user, Seq seq) {
  return std::ranges::any_of(talk(id).people[user].memberships, [&](const Membership& m) {
    return seq > m.visible_after && (!m.left_at || seq <= *m.left_at);
  });
}

bool Checker::addressed(const ConversationId& id, const UserId& user, Seq seq) {
  return std::ranges::any_of(talk(id).people[user].memberships, [&](const Membership& m) {
    return seq > m.joined_after && (!m.left_at || seq <= *m.left_at);
  });
}

bool Checker::own_of_device(const ConversationId& id, Seq seq, const UserId& user, const DeviceId& device) {
  const auto message = store_.message(id, seq).value();
  return message && message->from == user && message->from_device == device;
}

bool Checker::is_recipient(const ConversationId& id, const Message& message, const UserId& user) {
  if (user == message.from || !addressed(id, user, message.seq)) return false;
  return message.to.empty() || std::ranges::find(message.to, user) != message.to.end();
}

void Checker::observe(const ConversationId& id) {
  const auto head = store_.conversation(id).value();
  if (!head) return;
  talk(id).deleted = head->deleted;
  if (head->deleted) return;
  std::size_t active = 0;
  std::size_t owners = 0;
  const auto members = store_.members(id, {}, 1000).value();
  for (const auto& member : members) {
    observe_member(id, talk(id).people[member.user_id], *head, member);
    if (member.active()) ++active;
    if (member.active() && member.role == Role::kOwner) ++owners;
  }
  if (active != 0 && owners == 0) fail(fmt::format("conversation {} has members and no owner", name(id)));
}

void Checker::observe_member(const ConversationId& id, Person& person, const Conversation& head, const Member& member) {
  auto& memberships = person.memberships;
  memberships.resize(std::max(memberships.size(), member.earlier.size() + 1));
  for (std::size_t i = 0; i < member.earlier.size(); ++i) {
    memberships[i].joined_after = member.earlier[i].joined_after;
    memberships[i].left_at = member.earlier[i].left_at_seq;
  }
  Membership& present = memberships[member.earlier.size()];
  present = {member.joined_after, member.visible_after, {}, true};
  if (!member.active()) present.left_at = member.left_at_seq;

  const Progress progress = store_.progress(id, member.user_id).value();
  const std::string who = fmt::format("conversation {}, {}", name(id), member.user_id.text);
  if (progress.delivered < person.delivered || progress.read < person.read) fail(who + ": a horizon went back");
  if (progress.read > progress.delivered) fail(who + ": read what was not delivered");
  const Seq end = member.active() ? head.last_seq : member.left_at_seq;
  if (progress.delivered > end) fail(who + ": delivered beyond the end, unread counts would be negative");
  for (const auto& cursor : progress.devices) {
    if (cursor.seq > head.last_seq || cursor.version > head.version) fail(who + ": a cursor is beyond the end");
  }
  person.delivered = progress.delivered;
  person.read = progress.read;
}

}  // namespace c4a::simulation
