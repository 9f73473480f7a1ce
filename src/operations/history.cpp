#include "operations/history.h"

#include <algorithm>
#include <map>

#include "domain/frames.h"

namespace c4a {
namespace {

struct Range {
  bool upwards = false;
  Seq edge;  // upwards: messages above it; downwards: below it
};

Result<Range> range_of(const HistoryRequest& request, const std::string& list, Seq last) {
  if (request.after && request.before) {
    return fail_field("?before_seq", "cannot be combined with after_seq; ask for one direction");
  }
  if (request.page.cursor) {
    if (request.after || request.before) {
      return fail_field("?cursor", "goes on by itself, with limit alone; leave after_seq and before_seq out");
    }
    C4A_TRY(const auto parts, read_cursor(list, *request.page.cursor, 2));
    C4A_TRY(const auto edge, cursor_number(parts[1]));
    return Range{parts[0] == "up", Seq{edge}};
  }
  if (request.after) return Range{true, *request.after};
  if (request.before) return Range{false, *request.before};
  return Range{false, last.next()};
}

std::string page_json(const std::vector<std::string>& items, const std::optional<std::string>& next_cursor) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("items").begin_array();
  for (const auto& item : items) json.raw(item);
  json.end_array().key("next_cursor");
  if (next_cursor)
    json.value(*next_cursor);
  else
    json.null();
  json.end_object();
  return out;
}

}  // namespace

Result<std::string> History::messages(const UserId& actor, const ConversationId& id, const HistoryRequest& request) {
  C4A_TRY(const auto access, read_access(store_, id, actor));
  const std::string list = "messages of " + id.str();
  C4A_TRY(const auto range, range_of(request, list, access.until()));
  const std::size_t limit = request.page.limit;

  std::vector<Message> found;
  bool more = false;
  if (range.upwards) {
    C4A_TRY(found, store_.messages_after(id, std::max(range.edge, access.first_hidden()), access.until(), limit + 1));
    more = found.size() > limit;
    if (more) found.pop_back();
  } else {
    C4A_TRY(found, store_.messages_before(id, std::min(range.edge, access.until().next()), limit + 1));
    std::erase_if(found, [&](const Message& message) { return !access.sees(message.seq); });
    more = found.size() > limit;
    if (more) found.erase(found.begin());
  }
  C4A_TRY(const auto receipts, Receipts::load(store_, id));
  std::map<Seq, std::vector<Reaction>> reactions;
  if (!found.empty()) {
    C4A_TRY(reactions, store_.reactions_in(id, found.front().seq, found.back().seq));
  }
  std::vector<std::string> items;
  for (auto& message : found) {
    MessageView view;
    view.status = receipts.status_of(message);
    if (!message.deleted_at) view.reactions = reaction_counts(reactions[message.seq]);
    view.message = std::move(message);
    items.push_back(message_view_json(view, nullptr));
    message = std::move(view.message);
  }
  std::optional<std::string> next;
  if (more) {
    const Seq edge = range.upwards ? found.back().seq : found.front().seq;
    next = make_cursor(list, {range.upwards ? "up" : "down", std::to_string(edge.value)});
  }
  return page_json(items, next);
}

Result<std::string> History::changes(const UserId& actor, const ConversationId& id, Version after,
                                     const PageRequest& page) {
  C4A_TRY(const auto access, read_access(store_, id, actor));
  const std::string list = "changes of " + id.str();
  if (page.cursor) {
    C4A_TRY(const auto parts, read_cursor(list, *page.cursor, 1));
    C4A_TRY(const auto edge, cursor_number(parts[0]));
    after = Version{edge};
  }
  C4A_TRY(auto changes, store_.changes_after(id, after, access.conversation.version, page.limit + 1));
  const bool more = changes.size() > page.limit;
  if (more) changes.pop_back();
  std::vector<std::string> items;
  for (const auto& change : changes) {
    std::optional<Message> message;
    // What a member may not read, a change of it must not tell.
    if (change.type == ChangeType::kMessageUpdated && access.sees(change.seq)) {
      C4A_TRY(message, store_.message(id, change.seq));
    }
    items.push_back(change_frame(change, message ? &*message : nullptr));
  }
  std::optional<std::string> next;
  if (more) next = make_cursor(list, {std::to_string(changes.back().version.value)});
  return page_json(items, next);
}

Result<std::string> History::message(const UserId& actor, const MessageId& id,
                                     const std::optional<ConversationId>& in) {
  C4A_TRY(auto located, locate_message(store_, id, actor, in));
  C4A_TRY(const auto receipts, Receipts::load(store_, located.message.conversation_id));
  C4A_TRY(const auto recipients, receipts.recipients_of(store_, located.message));
  MessageView view;
  view.status = receipts.status_of(located.message);
  C4A_TRY(view.reactions, reaction_counts(store_, located.message));
  view.message = std::move(located.message);
  return message_view_json(view, &recipients);
}

Result<std::string> History::status_history(const UserId& actor, const MessageId& id,
                                            const std::optional<ConversationId>& in) {
  C4A_TRY(const auto located, locate_message(store_, id, actor, in));
  C4A_TRY(const auto receipts, Receipts::load(store_, located.message.conversation_id));
  C4A_TRY(const auto steps, receipts.history_of(store_, located.message));
  return status_history_json(steps);
}

Result<std::string> History::timeline(const UserId& actor, const MessageId& id,
                                      const std::optional<ConversationId>& in) {
  C4A_TRY(const auto located, locate_message(store_, id, actor, in));
  C4A_TRY(const auto receipts, Receipts::load(store_, located.message.conversation_id));
  C4A_TRY(const auto steps, receipts.history_of(store_, located.message));
  return timeline_json(located.message, steps);
}

}  // namespace c4a
