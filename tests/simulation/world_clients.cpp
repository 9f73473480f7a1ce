// What clients ask for: sensible things mostly, and every mistake a client can make.

#include <fmt/format.h>

#include <algorithm>

#include "world.h"

namespace c4a::simulation {
namespace {

ContentDigest digest_of(const Message& message) {
  std::string said = message.from.text + message.payload + (message.reply_to ? message.reply_to->str() : "");
  for (const auto& user : message.to) said += "," + user.text;
  ContentDigest digest;
  std::ranges::copy(Uuid::from_name(said).bytes, digest.begin());
  return digest;
}

std::string text_payload(const std::string& text) { return R"({"type":"text","text":")" + text + R"("})"; }

}  // namespace

void World::act() {
  Client& client = random_.pick(clients_);
  if (known_.size() < 3 || random_.percent(2)) return ask_create(client);
  const ConversationId id = random_.pick(known_);
  const std::size_t roll = random_.below(100);
  if (roll < 35)
    ask_send(client, id);
  else if (roll < 45)
    ask_send_again(client);
  else if (roll < 70)
    ask_acknowledge(client, id);
  else if (roll < 84)
    ask_of_message(client);
  else if (roll < 96)
    ask_of_members(client, id);
  else
    ask_of_conversation(client, id);
}

void World::ask(Client& client, const ConversationId& id, Request request) {
  Asked asked{id, client.user, client.device, 0, std::move(request)};
  // Over the device's socket where there is one, else over REST, with the device's name or without.
  if (client.session && random_.percent(85)) asked.session = client.session->number;
  const std::size_t kind = asked.request.index();
  const std::size_t number = checker_.asked(std::move(asked));
  if (options_.trace) {
    static constexpr const char* kNames[] = {"create", "send", "edit",   "delete", "react", "acknowledge",
                                             "open",   "add",  "update", "remove", "merge", "delete conversation",
                                             "type"};
    trace(fmt::format("#{} {} {} asks in {}: {}", number, client.user.text, client.device.text, id.str().substr(0, 8),
                      kNames[kind]));
  }
  in_flight_.insert(number);
  client.outgoing.push_back(number);
  if (std::holds_alternative<SendMessage>(checker_.request(number).request)) sends_.push_back(number);
}

void World::ask_create(Client& client) {
  CreateConversation create;
  create.members.push_back(client.user);
  if (random_.percent(30)) {
    const UserId other = any_user();
    if (other == client.user) return;
    create.members.push_back(other);
    const auto& [first, second] = std::minmax(client.user, other);
    const auto id = private_conversation_id(first, second, store_.private_generation(first, second).value());
    if (std::ranges::find(known_, id) == known_.end()) known_.push_back(id);
    return ask(client, id, std::move(create));
  }
  create.type = ConversationType::kGroup;
  for (const auto& user : users_) {
    if (user != client.user && random_.percent(60)) create.members.push_back(user);
  }
  known_.push_back({Uuid::from_name(fmt::format("group {}", ++last_name_))});
  ask(client, known_.back(), std::move(create));
}

void World::ask_send(Client& client, const ConversationId& id) {
  SendMessage send;
  Message& message = send.message;
  send.id_from_client = distributed() || random_.percent(70);
  message.message_id = {Uuid::from_name(fmt::format("message {}", ++last_name_))};
  message.conversation_id = id;
  message.from = client.user;
  message.from_device = client.device;
  message.payload = text_payload(fmt::format("text {}", last_name_));
  message.request_delivery_receipt = random_.percent(25);
  if (random_.percent(10)) message.to.push_back(any_user());
  if (!sends_.empty() && random_.percent(10)) {
    message.reply_to = std::get<SendMessage>(checker_.request(random_.pick(sends_)).request).message.message_id;
  }
  message.digest = digest_of(message);
  ask(client, id, std::move(send));
}

// A retry: by the same user on any device, or by somebody else; with the same content, or with other.
void World::ask_send_again(Client& client) {
  if (sends_.empty()) return;
  const std::size_t last = sends_.size() - 1;
  const std::size_t which =
      random_.percent(60) ? last - std::min(last, random_.below(6)) : random_.below(sends_.size());
  const Asked first = checker_.request(sends_[which]);
  SendMessage again = std::get<SendMessage>(first.request);
  if (!again.id_from_client) return;
  Client* by = &client;
  for (auto& other : clients_) {
    if (other.user == first.actor && random_.percent(60)) by = &other;
  }
  again.message.from = by->user;
  again.message.from_device = by->device;
  if (random_.percent(25)) again.message.payload = text_payload(fmt::format("other {}", ++last_name_));
  again.message.digest = digest_of(again.message);
  ask(*by, first.conversation, std::move(again));
}

void World::ask_acknowledge(Client& client, const ConversationId& id) {
  Acknowledge ack;
  ack.device = client.device;
  const auto [seq, version] = checker_.last_told(client.user, client.device, id);
  ack.up_to_seq = seq;
  ack.up_to_version = random_.percent(70) ? version : Version{};
  if (random_.percent(20)) ack.up_to_seq = {random_.below(seq.value + 1)};
  if (random_.percent(8)) ack.up_to_seq = {seq.value + random_.below(4)};
  ack.read = random_.percent(40);
  ask(client, id, std::move(ack));
}

void World::ask_of_message(Client& client) {
  if (sends_.empty()) return;
  const Asked& sent = checker_.request(random_.pick(sends_));
  const MessageId message = std::get<SendMessage>(sent.request).message.message_id;
  Client* by = &client;
  for (auto& other : clients_) {
    if (other.user == sent.actor && random_.percent(30)) by = &other;
  }
  const ConversationId id = sent.conversation;
  const std::size_t roll = random_.below(100);
  if (roll < 45) {
    const std::string text = text_payload(fmt::format("edit {}", ++last_name_));
    ask(*by, id, EditMessage{message, PayloadType::kText, text});
    // Often one edit follows another at once.
    if (random_.percent(30)) {
      ask(*by, id, EditMessage{message, PayloadType::kText, text_payload(fmt::format("edit {}", ++last_name_))});
    }
  } else if (roll < 60) {
    ask(*by, id, DeleteMessage{message});
  } else {
    const std::string emoji = random_.percent(50) ? "+" : "-";
    ask(*by, id, ReactToMessage{message, emoji, random_.percent(70)});
  }
}

void World::ask_of_members(Client& client, const ConversationId& id) {
  const UserId whom = random_.percent(30) ? client.user : any_user();
  const Role role = random_.percent(20) ? Role::kOwner : random_.percent(30) ? Role::kAdmin : Role::kMember;
  const std::size_t roll = random_.below(100);
  if (roll < 50)
    ask(client, id, AddMember{whom, role, random_.percent(60)});
  else if (roll < 65)
    ask(client, id, UpdateMember{whom, role});
  else if (roll < 97)
    ask(client, id, RemoveMember{whom, false});
  else
    ask(client, id, RemoveMember{client.user, true});
}

void World::ask_of_conversation(Client& client, const ConversationId& id) {
  const std::size_t roll = random_.below(100);
  if (roll < 60)
    ask(client, id, UpdateConversation{fmt::format(R"({{"title":"{}"}})", ++last_name_)});
  else if (roll < 92)
    ask(client, id, Typing{});
  else
    ask(client, id, DeleteConversation{});
}

}  // namespace c4a::simulation
