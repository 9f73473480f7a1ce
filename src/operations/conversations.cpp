#include "operations/conversations.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "router/submit.h"

namespace c4a {
namespace {

constexpr std::size_t kShownMembers = 200;
constexpr std::size_t kShownReceipts = 100;
constexpr std::size_t kMessagesAtOnce = 256;
// Past this an unread count is the distance in seq, which may hold own messages.
constexpr std::uint64_t kCountedUnread = 10'000;

bool is_addressed_to(const Message& message, const UserId& user) {
  if (message.from == user || message.deleted_at) return false;
  return message.to.empty() || std::ranges::binary_search(message.to, user);
}

}  // namespace

Result<Decision> Conversations::run(const UserId& actor, const ConversationId& id, Request request) {
  return submit(log_, Command{id, actor, clock_.now_ms(), 0, std::move(request)});
}

Result<> Conversations::require_users(const std::vector<UserId>& users, std::string_view pointer) {
  C4A_TRY(const auto missing, metadata_.missing_users(users));
  if (missing.empty()) return {};
  Error error{ErrorCode::kUnknownUser, "Some of these users do not exist:", {}, {}};
  for (const auto& user : missing) {
    const auto at = std::ranges::find(users, user) - users.begin();
    error.fields.push_back({pointer == "/members" ? fmt::format("{}/{}", pointer, at) : std::string(pointer),
                            fmt::format("{} does not exist", user.text)});
    error.detail += " " + user.text;
  }
  error.detail += ".";
  return fail(std::move(error));
}

Result<CreatedConversation> Conversations::create(const UserId& actor, NewConversation request) {
  CreateConversation create{request.type, {actor}, std::move(request.metadata)};
  C4A_CHECK(require_users(request.members, "/members"));
  for (auto& user : request.members) {
    if (std::ranges::find(create.members, user) == create.members.end()) create.members.push_back(std::move(user));
  }
  if (request.type == ConversationType::kPrivate) {
    if (create.members.size() != 2) {
      return fail_field("/members", "must name exactly one other user for a private conversation");
    }
    return create_private(actor, std::move(create));
  }
  if (create.members.size() > kMaxGroupMembers) {
    return fail_field("/members", fmt::format("may hold at most {} users, you included", kMaxGroupMembers));
  }
  const ConversationId id = ConversationId::v7(clock_.now_ms());
  C4A_CHECK(run(actor, id, std::move(create)));
  C4A_TRY(const auto head, store_.conversation(id));
  C4A_TRY(auto made, view(head.value_or(Conversation{})));
  return CreatedConversation{std::move(made), true};
}

Result<CreatedConversation> Conversations::create_private(const UserId& actor, CreateConversation request) {
  const UserId one = std::min(request.members[0], request.members[1]);
  const UserId other = std::max(request.members[0], request.members[1]);
  while (true) {
    C4A_TRY(const auto generation, store_.private_generation(one, other));
    const ConversationId id = private_conversation_id(one, other, generation);
    const auto decided = run(actor, id, request);
    // Deleted between the two: the next generation's id is another.
    if (!decided && decided.error().code == ErrorCode::kConflict) continue;
    if (!decided) return std::unexpected(decided.error());
    C4A_TRY(const auto head, store_.conversation(id));
    C4A_TRY(auto made, view(head.value_or(Conversation{})));
    return CreatedConversation{std::move(made), !decided->duplicate};
  }
}

Result<ConversationView> Conversations::view(Conversation conversation) {
  ConversationView view;
  UserId after;
  while (true) {
    C4A_TRY(const auto page, store_.members(conversation.id, after, 1000));
    for (const auto& member : page) {
      if (!member.active()) continue;
      ++view.member_count;
      if (view.members.size() < kShownMembers) view.members.push_back(member.user_id);
    }
    if (page.size() < 1000) break;
    after = page.back().user_id;
  }
  view.conversation = std::move(conversation);
  return view;
}

Result<std::uint64_t> Conversations::count_unread(const UserId& actor, const ReadAccess& access,
                                                  const Progress& progress) {
  const Seq after = std::max({progress.read, access.member.joined_after, access.member.visible_after});
  if (after >= access.until()) return 0;
  std::uint64_t unread = 0;
  std::uint64_t seen = 0;
  Seq reached = access.until();
  C4A_CHECK(store_.scan_back(access.conversation.id, after, access.until(), [&](const Message& message) {
    unread += is_addressed_to(message, actor);
    reached = message.seq;
    return ++seen < kCountedUnread;
  }));
  if (seen == kCountedUnread && reached > after) unread += reached.value - after.value - 1;
  return unread;
}

Result<ConversationView> Conversations::view_for(const UserId& actor, ReadAccess access, const Progress& progress,
                                                 std::optional<Message> last_message) {
  C4A_TRY(auto view, this->view(access.conversation));
  ConversationView::Own own;
  own.read_up_to = progress.read;
  own.delivered_up_to = progress.delivered;
  own.left_at = access.member.left_at;
  if (access.sees(access.until())) own.last_message = std::move(last_message);
  C4A_TRY(own.unread_count, count_unread(actor, access, progress));
  view.own = std::move(own);
  return view;
}

Result<> Conversations::add_receipts(ConversationView& view) {
  if (view.member_count > kShownReceipts) return {};
  C4A_TRY(const auto all, store_.all_progress(view.conversation.id));
  view.receipts.emplace();
  for (const auto& user : view.members) {
    const auto theirs = std::ranges::find(all, user, &std::pair<UserId, Progress>::first);
    const Progress progress_of = theirs == all.end() ? Progress{} : theirs->second;
    view.receipts->push_back({user, progress_of.delivered, progress_of.read});
  }
  return {};
}

Result<ConversationView> Conversations::get(const UserId& actor, const ConversationId& id) {
  C4A_TRY(auto access, read_access(store_, id, actor));
  C4A_TRY(const auto progress, store_.progress(id, actor));
  C4A_TRY(auto last, store_.message(id, access.until()));
  const bool active = access.member.active();
  C4A_TRY(auto view, view_for(actor, std::move(access), progress, std::move(last)));
  if (active) C4A_CHECK(add_receipts(view));
  return view;
}

// All of them are looked at for each page: the order is that of their last messages, which changes all the time.
Result<std::vector<Conversations::Listed>> Conversations::list_all(const UserId& user) {
  C4A_TRY(const auto refs, store_.conversations_of(user));
  std::vector<ConversationId> ids;
  for (const auto& ref : refs) {
    if (ref.active) ids.push_back(ref.id);
  }
  C4A_TRY(auto standings, store_.standings(ids, user));
  std::vector<Listed> all;
  std::vector<MessagePlace> places;
  for (auto& one : standings) {
    if (!one || one->head.deleted || !one->member.active()) continue;
    places.push_back({one->head.id, one->head.last_seq});
    all.push_back({{one->head.created_at, one->head.id}, *std::move(one)});
  }
  for (std::size_t first = 0; first < places.size(); first += kMessagesAtOnce) {
    const auto some = std::span(places).subspan(first, std::min(kMessagesAtOnce, places.size() - first));
    C4A_TRY(const auto messages, store_.messages_at(some));
    for (std::size_t i = 0; i < messages.size(); ++i) {
      if (messages[i]) all[first + i].place.active_at = messages[i]->created_at;
    }
  }
  std::ranges::sort(all, std::greater<>{}, &Listed::place);
  return all;
}

Result<ConversationPage> Conversations::list(const UserId& actor, const PageRequest& page) {
  const std::string list_name = "conversations of " + actor.text;
  PlaceInList before{INT64_MAX, {}};
  if (page.cursor) {
    C4A_TRY(const auto parts, read_cursor(list_name, *page.cursor, 2));
    C4A_TRY(const auto at, cursor_number(parts[0]));
    const auto id = ConversationId::parse(parts[1]);
    if (!id) return bad_cursor();
    before = {static_cast<TimestampMs>(at), *id};
  }
  C4A_TRY(auto all, list_all(actor));
  const auto first = std::ranges::upper_bound(all, before, std::greater<>{}, &Listed::place);
  const auto left = static_cast<std::size_t>(all.end() - first);
  const auto shown = std::span(first, std::min(page.limit, left));
  std::vector<MessagePlace> places;
  for (const Listed& one : shown) places.push_back({one.standing.head.id, one.standing.head.last_seq});
  C4A_TRY(auto last_messages, store_.messages_at(places));
  ConversationPage answer;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    auto& [head, member, progress] = shown[i].standing;
    C4A_TRY(auto access, read_access(std::move(head), std::move(member)));
    C4A_TRY(auto item, view_for(actor, std::move(access), progress, std::move(last_messages[i])));
    answer.items.push_back(std::move(item));
  }
  if (left > shown.size()) {
    const PlaceInList& last = shown.back().place;
    answer.next_cursor = make_cursor(list_name, {std::to_string(last.active_at), last.id.str()});
  }
  return answer;
}

Result<ConversationView> Conversations::update(const UserId& actor, const ConversationId& id,
                                               std::string metadata_patch) {
  C4A_CHECK(run(actor, id, UpdateConversation{std::move(metadata_patch)}));
  return get(actor, id);
}

Result<> Conversations::remove(const UserId& actor, const ConversationId& id) {
  C4A_CHECK(run(actor, id, DeleteConversation{}));
  return {};
}

Result<> Conversations::leave_everything(const UserId& user) {
  C4A_TRY(const auto refs, store_.conversations_of(user));
  for (const auto& ref : refs) {
    if (!ref.active) continue;
    const auto left = run(user, ref.id, RemoveMember{user, true});
    if (!left && left.error().code != ErrorCode::kConversationNotFound) return std::unexpected(left.error());
  }
  return {};
}

Result<> Conversations::acknowledge(const UserId& actor, const ConversationId& id, Acknowledge ack) {
  C4A_CHECK(run(actor, id, std::move(ack)));
  return {};
}

Result<> Conversations::typing(const UserId& actor, const ConversationId& id) {
  C4A_CHECK(run(actor, id, Typing{}));
  return {};
}

}  // namespace c4a
