#pragma once

// For tests of the pure core: steps one conversation by hand and keeps what was decided, as a store would.

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <tuple>

#include "router/decide.h"

namespace c4a {

class DecideTest : public testing::Test {
 protected:
  static constexpr TimestampMs kStart = 1'700'000'000'000;

  static UserId user(const std::string& name) { return {name}; }
  static MessageId id(const std::string& name) { return {Uuid::from_name(name)}; }

  static SendMessage message(const std::string& name, const std::string& from, const std::string& text = "hello") {
    SendMessage send;
    send.id_from_client = true;
    send.message.message_id = id(name);
    send.message.from = user(from);
    send.message.payload = R"({"type":"text","text":")" + text + "\"}";
    const Uuid digest = Uuid::from_name(from + text);
    std::copy(digest.bytes.begin(), digest.bytes.end(), send.message.digest.begin());
    return send;
  }
  static SendMessage asking(SendMessage send) {
    send.message.request_delivery_receipt = true;
    return send;
  }
  static SendMessage only_to(SendMessage send, std::vector<std::string> names) {
    for (auto& name : names) send.message.to.push_back(user(name));
    return send;
  }
  static Acknowledge delivered(std::uint64_t up_to, const std::string& device = "phone") {
    return {{device}, Seq{up_to}, {}, false};
  }
  static Acknowledge read(std::uint64_t up_to, const std::string& device = "phone") {
    return {{device}, Seq{up_to}, {}, true};
  }

  // Decides one command; `effects` are those of this command.
  Result<Decision> run(const std::string& actor, Request request) {
    effects.clear();
    ++position.value;
    now += 1000;
    if (auto* send = std::get_if<SendMessage>(&request)) send->message.created_at = now;
    Command command{conversation, user(actor), now, session, std::move(request)};
    needed = facts_needed(state.get(), command, rules);
    const Facts facts = gather(command.actor);
    auto decision = decide(state, command, facts, {now, position, rules}, effects);
    if (state) take_progress_rows(*state, effects.rows);
    keep();
    return decision;
  }
  ErrorCode error(const std::string& actor, Request request) {
    const auto decision = run(actor, std::move(request));
    return decision ? ErrorCode::kInternal : decision.error().code;
  }
  Seq send(const std::string& name, const std::string& from) { return run(from, message(name, from)).value().seq; }

  void create_group(const std::string& owner, std::vector<std::string> others) {
    CreateConversation create{ConversationType::kGroup, {user(owner)}, "{}"};
    for (auto& other : others) create.members.push_back(user(other));
    ASSERT_TRUE(run(owner, std::move(create)));
  }
  void create_private(const std::string& owner, const std::string& other, std::uint64_t generation = 0) {
    conversation = private_conversation_id(user(owner), user(other), generation);
    ASSERT_TRUE(run(owner, CreateConversation{ConversationType::kPrivate, {user(owner), user(other)}, "{}"}));
  }
  // A group in which everybody above `small` is told of receipts only as the slowest member moves.
  void create_large_group(std::size_t members) {
    rules.receipt_members = members - 1;
    std::vector<std::string> others;
    for (std::size_t i = 1; i < members; ++i) others.push_back("m" + std::to_string(i));
    create_group("m0", others);
  }

  // As after a restart: what is only in memory is gone, members come in user_id order.
  void reload() {
    auto loaded = std::make_unique<ConversationState>(state->head);
    std::map<UserId, MemberState> sorted;
    for (const auto& member : state->members()) sorted[member.member.user_id] = {member.member, member.progress};
    for (auto& [name, member] : sorted) loaded->add(std::move(member));
    loaded->members_changed();
    state = std::move(loaded);
  }

  const Member& member(const std::string& name) const { return state->find(user(name))->member; }
  const Progress& progress(const std::string& name) const { return state->find(user(name))->progress; }

  template <class T>
  std::vector<T> events() const {
    std::vector<T> found;
    for (const auto& event : effects.events) {
      if (const auto* typed = std::get_if<T>(&event)) found.push_back(*typed);
    }
    return found;
  }
  // "sender seq STATUS user" for each live status, in order.
  std::vector<std::string> statuses() const {
    std::vector<std::string> lines;
    for (const auto& event : events<StatusEvent>()) {
      lines.push_back(event.recipient.text + " " + std::to_string(event.seq.value) + " " +
                      std::string(to_text(event.status)) + " " + event.user_id.text);
    }
    return lines;
  }
  std::vector<std::string> receipts() const {
    std::vector<std::string> lines;
    for (const auto& receipt : effects.rows.receipts) {
      lines.push_back(receipt.sender.text + " " + std::to_string(receipt.seq.value) + " " +
                      std::string(to_text(receipt.status)) + " " + receipt.user_id.text);
    }
    return lines;
  }
  static std::set<std::string> names(const Audience& audience) {
    std::set<std::string> found;
    for (const auto& member : *audience) found.insert(member.text);
    return found;
  }

  ConversationId conversation{Uuid::from_name("conversation")};
  std::unique_ptr<ConversationState> state;
  Effects effects;
  FactsNeeded needed;
  RouterRules rules;
  SessionNumber session = 0;
  LogPosition position;
  TimestampMs now = kStart;
  std::map<Seq, Message> stored;
  std::set<std::tuple<Seq, std::string, UserId>> reactions;

 private:
  Facts gather(const UserId& actor) const {
    Facts facts;
    if (const Message* target = find(needed.target)) {
      facts.target = *target;
      if (needed.reaction) facts.reaction_present = reactions.contains({target->seq, needed.reaction->emoji, actor});
    }
    if (const Message* first = find(needed.repeat)) facts.repeat = header_of(*first);
    facts.reply_to_present = find(needed.reply_to) != nullptr;
    if (needed.covered) {
      for (const auto& [seq, one] : stored) {
        if (seq > needed.covered->after && seq <= needed.covered->until) facts.covered.push_back(header_of(one));
      }
    }
    return facts;
  }
  const Message* find(const std::optional<MessageId>& wanted) const {
    if (!wanted) return nullptr;
    for (const auto& [seq, one] : stored) {
      if (one.message_id == *wanted) return &one;
    }
    return nullptr;
  }
  void keep() {
    for (const auto& one : effects.rows.messages) stored[one.seq] = one;
    for (const auto& row : effects.rows.reactions) {
      const std::tuple key{row.seq, row.reaction.emoji, row.reaction.user_id};
      if (row.present)
        reactions.insert(key);
      else
        reactions.erase(key);
    }
  }
};

}  // namespace c4a
