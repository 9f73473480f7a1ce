#include "operations/message_view.h"

#include <algorithm>
#include <tuple>

#include "base/encoding.h"
#include "domain/frames.h"

namespace c4a {
namespace {

constexpr std::size_t kShownReactors = 100;
constexpr std::string_view kChannel = "in_app";

bool is_zero(const std::array<std::uint8_t, 16>& id) {
  return std::ranges::all_of(id, [](std::uint8_t byte) { return byte == 0; });
}

void write_step(JsonWriter& json, const Message& message, std::string_view step, TimestampMs at,
                std::string_view source, const UserId* user) {
  json.begin_object().member("step", step).member_time("timestamp", at).member("source", source);
  if (user != nullptr) json.member("user_id", user->text).member("channel", kChannel);
  if (!is_zero(message.trace_id)) {
    const std::string_view raw(reinterpret_cast<const char*>(message.trace_id.data()), message.trace_id.size());
    json.member("trace_id", to_hex(raw));
  }
  json.end_object();
}

}  // namespace

Result<Receipts> Receipts::load(MessageStore& store, const ConversationId& id) {
  // Not `load`: that is the router's, and in a store of several machines it completes what another router began.
  constexpr std::size_t kPage = 1000;
  Receipts receipts;
  C4A_TRY(auto head, store.conversation(id));
  if (!head) return receipts;
  receipts.state_.head = std::move(*head);
  UserId after;
  while (true) {
    C4A_TRY(auto page, store.members(id, after, kPage));
    const bool last = page.size() < kPage;
    if (!last) after = page.back().user_id;
    for (auto& member : page) receipts.state_.add({std::move(member), {}});
    if (last) break;
  }
  C4A_TRY(auto all, store.all_progress(id));
  for (auto& [user, progress] : all) {
    if (auto* member = receipts.state_.find(user)) member->progress = std::move(progress);
  }
  return receipts;
}

bool Receipts::is_recipient(const MemberState& member, const Message& message) const {
  if (member.member.user_id == message.from || !member.member.was_member_at(message.seq)) return false;
  return message.to.empty() || std::ranges::binary_search(message.to, member.member.user_id);
}

MessageStatus Receipts::status_of(const Message& message) const {
  auto lowest = MessageStatus::kRead;
  bool any = false;
  for (const auto& member : state_.members()) {
    if (!is_recipient(member, message)) continue;
    any = true;
    if (member.progress.delivered < message.seq) return MessageStatus::kSent;
    if (member.progress.read < message.seq) lowest = MessageStatus::kDelivered;
  }
  return any ? lowest : MessageStatus::kSent;
}

Result<std::vector<RecipientStatus>> Receipts::recipients_of(MessageStore& store, const Message& message) const {
  std::vector<RecipientStatus> recipients;
  for (const auto& member : state_.members()) {
    if (!is_recipient(member, message)) continue;
    RecipientStatus recipient{member.member.user_id, MessageStatus::kSent, message.created_at};
    const bool read = member.progress.read >= message.seq;
    if (read || member.progress.delivered >= message.seq) {
      const auto kind = read ? HorizonMove::Kind::kRead : HorizonMove::Kind::kDelivered;
      recipient.status = read ? MessageStatus::kRead : MessageStatus::kDelivered;
      C4A_TRY(const auto move, store.first_move(state_.head.id, recipient.user_id, kind, message.seq));
      if (move) recipient.at = std::max(recipient.at, move->at);
    }
    recipients.push_back(std::move(recipient));
  }
  return recipients;
}

Result<std::vector<StatusStep>> Receipts::history_of(MessageStore& store, const Message& message) const {
  std::vector<StatusStep> steps{{MessageStatus::kSent, message.created_at, {}}};
  for (const auto& member : state_.members()) {
    if (!is_recipient(member, message)) continue;
    const UserId& user = member.member.user_id;
    C4A_TRY(const auto delivered, store.first_move(state_.head.id, user, HorizonMove::Kind::kDelivered, message.seq));
    C4A_TRY(const auto read, store.first_move(state_.head.id, user, HorizonMove::Kind::kRead, message.seq));
    // A clock that was set back must not make a later step look earlier.
    TimestampMs reached = message.created_at;
    if (delivered) steps.push_back({MessageStatus::kDelivered, reached = std::max(reached, delivered->at), user});
    if (read) steps.push_back({MessageStatus::kRead, std::max(reached, read->at), user});
  }
  std::ranges::sort(steps.begin() + 1, steps.end(), {},
                    [](const StatusStep& step) { return std::tie(step.at, step.status, step.user_id->text); });
  return steps;
}

Result<std::vector<ReactionCount>> reaction_counts(MessageStore& store, const Message& message) {
  if (message.deleted_at) return {};
  C4A_TRY(const auto reactions, store.reactions(message.conversation_id, message.seq));
  return reaction_counts(reactions);
}

std::vector<ReactionCount> reaction_counts(const std::vector<Reaction>& reactions) {
  std::vector<ReactionCount> counts;
  for (const auto& reaction : reactions) {
    if (counts.empty() || counts.back().emoji != reaction.emoji) counts.push_back({reaction.emoji, 0, {}});
    ++counts.back().count;
    if (counts.back().users.size() < kShownReactors) counts.back().users.push_back(reaction.user_id);
  }
  return counts;
}

std::string message_view_json(const MessageView& view, const std::vector<RecipientStatus>* recipients) {
  std::string out;
  out.reserve(512 + view.message.payload.size());
  JsonWriter json(out);
  json.begin_object();
  write_message_members(json, view.message);
  if (!view.message.to.empty()) {
    json.key("to").begin_array();
    for (const auto& user : view.message.to) json.value(user.text);
    json.end_array();
  }
  if (view.message.request_delivery_receipt) json.member("request_delivery_receipt", true);
  json.member("status", to_text(view.status));
  if (recipients != nullptr) {
    json.key("recipients").begin_array();
    for (const auto& recipient : *recipients) {
      json.begin_object()
          .member("user_id", recipient.user_id.text)
          .member("channel", kChannel)
          .member("status", to_text(recipient.status))
          .member_time("timestamp", recipient.at)
          .member("max_reachable_status", to_text(MessageStatus::kRead))
          .end_object();
    }
    json.end_array();
  }
  json.key("reactions").begin_array();
  for (const auto& reaction : view.reactions) {
    json.begin_object().member("emoji", reaction.emoji).member("count", static_cast<std::uint64_t>(reaction.count));
    json.key("user_ids").begin_array();
    for (const auto& user : reaction.users) json.value(user.text);
    json.end_array().end_object();
  }
  json.end_array().end_object();
  return out;
}

std::string status_history_json(const std::vector<StatusStep>& steps) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const auto& step : steps) {
    json.begin_object()
        .member("status", to_text(step.status))
        .member_time("timestamp", step.at)
        .member("source", step.user_id ? "client" : "server");
    if (step.user_id) json.member("user_id", step.user_id->text).member("channel", kChannel);
    json.end_object();
  }
  json.end_array();
  return out;
}

std::string timeline_json(const Message& message, const std::vector<StatusStep>& steps) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("items").begin_array();
  write_step(json, message, "accepted", message.created_at, "server", nullptr);
  write_step(json, message, "logged", message.routed_at, "server", nullptr);
  write_step(json, message, "routed", message.routed_at, "server", nullptr);
  for (const auto& step : steps) {
    if (!step.user_id) continue;
    write_step(json, message, step.status == MessageStatus::kRead ? "read" : "delivered", step.at, "client",
               &*step.user_id);
  }
  json.end_array().key("next_cursor").null().end_object();
  return out;
}

}  // namespace c4a
