// The members of a conversation: listing, adding, roles, leaving.

#include "operations/conversations.h"

namespace c4a {

Result<MemberPage> Conversations::members(const UserId& actor, const ConversationId& id, const PageRequest& page) {
  C4A_CHECK(read_access(store_, id, actor));
  const std::string list_name = "members of " + id.str();
  UserId after;
  if (page.cursor) {
    C4A_TRY(const auto parts, read_cursor(list_name, *page.cursor, 1));
    after.text = parts[0];
  }
  MemberPage answer;
  while (true) {
    C4A_TRY(auto found, store_.members(id, after, page.limit + 1));
    const bool more = found.size() > page.limit;
    for (auto& member : found) {
      after = member.user_id;
      if (!member.active()) continue;
      if (answer.items.size() == page.limit) {
        answer.next_cursor = make_cursor(list_name, {answer.items.back().user_id.text});
        return answer;
      }
      answer.items.push_back(std::move(member));
    }
    if (!more) return answer;
  }
}

Result<Conversations::MemberChange> Conversations::changed_member(const ConversationId& id, const UserId& user,
                                                                  const Decision& decision) {
  C4A_TRY(auto member, store_.member(id, user));
  return MemberChange{member.value_or(Member{}), decision.version};
}

Result<Conversations::MemberChange> Conversations::add_member(const UserId& actor, const ConversationId& id,
                                                              AddMember add) {
  // A stranger must not learn from the answer who has an account.
  C4A_CHECK(read_access(store_, id, actor));
  C4A_CHECK(require_users({add.user_id}, "/user_id"));
  const UserId user = add.user_id;
  C4A_TRY(const auto decision, run(actor, id, std::move(add)));
  return changed_member(id, user, decision);
}

Result<Conversations::MemberChange> Conversations::update_member(const UserId& actor, const ConversationId& id,
                                                                 UpdateMember update) {
  const UserId user = update.user_id;
  C4A_TRY(const auto decision, run(actor, id, std::move(update)));
  return changed_member(id, user, decision);
}

Result<> Conversations::remove_member(const UserId& actor, const ConversationId& id, const UserId& user) {
  C4A_CHECK(run(actor, id, RemoveMember{user, false}));
  return {};
}

}  // namespace c4a
