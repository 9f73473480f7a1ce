#include "message_store/message_store.h"

#include <algorithm>

namespace c4a {

Result<std::vector<std::pair<UserId, Progress>>> MessageStore::all_progress(const ConversationId& id) {
  constexpr std::size_t kPage = 1000;
  std::vector<std::pair<UserId, Progress>> all;
  UserId after;
  while (true) {
    C4A_TRY(const auto page, members(id, after, kPage));
    for (const auto& member : page) {
      C4A_TRY(auto one, progress(id, member.user_id));
      const bool any = one.delivered.value != 0 || one.read.value != 0 || !one.devices.empty();
      if (any) all.emplace_back(member.user_id, std::move(one));
    }
    if (page.size() < kPage) return all;
    after = page.back().user_id;
  }
}

Result<std::vector<std::optional<Standing>>> MessageStore::standings(std::span<const ConversationId> ids,
                                                                     const UserId& user) {
  std::vector<std::optional<Standing>> all(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    C4A_TRY(auto head, conversation(ids[i]));
    C4A_TRY(auto membership, member(ids[i], user));
    if (!head || !membership) continue;
    C4A_TRY(auto own, progress(ids[i], user));
    all[i] = Standing{std::move(*head), std::move(*membership), std::move(own)};
  }
  return all;
}

Result<std::pair<std::optional<Conversation>, std::optional<Member>>> MessageStore::head_and_member(
    const ConversationId& id, const UserId& user) {
  C4A_TRY(auto head, conversation(id));
  C4A_TRY(auto membership, member(id, user));
  return std::pair(std::move(head), std::move(membership));
}

Result<std::map<Seq, std::vector<Reaction>>> MessageStore::reactions_in(const ConversationId& id, Seq first, Seq last) {
  std::map<Seq, std::vector<Reaction>> all;
  for (Seq seq = first; seq <= last; seq = seq.next()) {
    C4A_TRY(auto some, reactions(id, seq));
    if (!some.empty()) all.emplace(seq, std::move(some));
  }
  return all;
}

Result<std::vector<std::optional<Message>>> MessageStore::messages_at(std::span<const MessagePlace> places) {
  std::vector<std::optional<Message>> all;
  all.reserve(places.size());
  for (const auto& [id, seq] : places) {
    C4A_TRY(auto one, message(id, seq));
    all.push_back(std::move(one));
  }
  return all;
}

Result<std::vector<std::optional<ConversationState>>> MessageStore::load_all(std::span<const ConversationId> ids,
                                                                             std::size_t recent) {
  std::vector<std::optional<ConversationState>> all;
  all.reserve(ids.size());
  for (const auto& id : ids) {
    C4A_TRY(auto state, load(id));
    if (state && recent > 0) {
      const Seq last = state->head.last_seq;
      const Seq after{last.value - std::min<std::uint64_t>(last.value, recent)};
      C4A_TRY(state->recent, headers(id, after, last, recent));
    }
    all.push_back(std::move(state));
  }
  return all;
}

Result<std::vector<std::optional<Conversation>>> MessageStore::conversations(std::span<const ConversationId> ids) {
  std::vector<std::optional<Conversation>> all;
  all.reserve(ids.size());
  for (const auto& id : ids) {
    C4A_TRY(auto one, conversation(id));
    all.push_back(std::move(one));
  }
  return all;
}

Result<std::vector<std::optional<Message>>> MessageStore::messages_sought(std::span<const MessageSought> sought) {
  std::vector<std::optional<Message>> all;
  all.reserve(sought.size());
  for (const auto& [id, message_id] : sought) {
    C4A_TRY(auto one, message(id, message_id));
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace c4a
