#include "operations/search.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <queue>

#include "base/json_reader.h"
#include "base/json_writer.h"
#include "operations/message_view.h"
#include "operations/read_access.h"

namespace c4a {
namespace {

constexpr std::size_t kMaxQueryBytes = 1024;
constexpr std::size_t kReadPerRequest = 5000;  // messages looked at
constexpr std::size_t kChunk = 50;

// Newest first over several conversations. The router's time grows with seq, which the gateways' need not, so within a
// conversation this is the order of seq; a tie between conversations is settled by their ids.
struct Place {
  TimestampMs at = INT64_MAX;
  ConversationId conversation;
  Seq seq;
  auto operator<=>(const Place&) const = default;
};

Place place_of(const Message& message) { return {message.routed_at, message.conversation_id, message.seq}; }

// One conversation, read backwards chunk by chunk.
class Reader {
 public:
  Reader(MessageStore& store, ReadAccess access) : store_(&store), access_(std::move(access)) {
    next_before_ = access_.until().next();
  }

  // Moves to the newest message before `place`. False: there is none.
  Result<bool> start_before(const Place& place) {
    std::uint64_t low = access_.first_hidden().value + 1;
    std::uint64_t high = access_.until().value + 1;
    while (low < high) {  // the first message that is at or after the place's time
      const std::uint64_t middle = low + (high - low) / 2;
      C4A_TRY(const auto probe, store_->messages_after(access_.conversation.id, Seq{middle - 1}, access_.until(), 1));
      if (probe.empty() || probe.front().routed_at > place.at)
        high = middle;
      else
        low = probe.front().seq.value + 1;
    }
    next_before_ = Seq{high};
    while (true) {
      C4A_TRY(const bool there, advance());
      if (!there || place_of(current()) < place) return there;
    }
  }

  // To the next older message.
  Result<bool> advance() {
    if (!chunk_.empty()) chunk_.pop_back();
    if (chunk_.empty()) {
      C4A_TRY(chunk_, store_->messages_before(access_.conversation.id, next_before_, kChunk));
      std::erase_if(chunk_, [this](const Message& message) { return !access_.sees(message.seq); });
      if (chunk_.empty()) return false;
      next_before_ = chunk_.front().seq;
    }
    return true;
  }

  const Message& current() const { return chunk_.back(); }

 private:
  MessageStore* store_;
  ReadAccess access_;
  Seq next_before_;
  std::vector<Message> chunk_;  // oldest first; the last is the current one
};

std::string text_of(const Message& message) {
  if (message.deleted_at) return {};
  const auto payload = parse_json_object(message.payload);
  if (!payload) return {};
  std::string_view text;
  const char* name = message.payload_type == PayloadType::kText ? "text" : "caption";
  if (payload->at_key(name).get_string().get(text) != simdjson::SUCCESS) return {};
  return std::string(text);
}

}  // namespace

std::vector<std::string> fold_words(std::string_view utf8) {
  constexpr auto kOptions = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT |
                                                           UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK | UTF8PROC_IGNORE);
  std::vector<std::string> words;
  utf8proc_uint8_t* folded = nullptr;
  const auto size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(utf8.data()),
                                 static_cast<utf8proc_ssize_t>(utf8.size()), &folded, kOptions);
  if (size < 0) return words;
  std::string word;
  for (utf8proc_ssize_t at = 0; at < size;) {
    utf8proc_int32_t code_point = 0;
    const auto length = utf8proc_iterate(folded + at, size - at, &code_point);
    if (length <= 0) break;
    const auto category = utf8proc_category(code_point);
    const bool letter = (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) ||
                        (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO);
    if (letter) {
      word.append(reinterpret_cast<const char*>(folded + at), static_cast<std::size_t>(length));
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
    at += length;
  }
  std::free(folded);
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

bool matches(const std::vector<std::string>& wanted, std::string_view text) {
  const auto words = fold_words(text);
  return std::ranges::all_of(wanted, [&](const std::string& start) {
    return std::ranges::any_of(words, [&](const std::string& word) { return word.starts_with(start); });
  });
}

Result<std::string> Search::find(const UserId& actor, std::string_view query, const PageRequest& page) {
  if (query.empty() || query.size() > kMaxQueryBytes) {
    return fail_field("?q", "must hold the words to look for, at most 1024 bytes");
  }
  const auto wanted = fold_words(query);
  if (wanted.empty()) return fail_field("?q", "must hold at least one letter or digit");
  const std::string list = "search of " + actor.text + " for " + std::string(query);
  Place before;
  if (page.cursor) {
    C4A_TRY(const auto parts, read_cursor(list, *page.cursor, 3));
    C4A_TRY(const auto at, cursor_number(parts[0]));
    const auto conversation = ConversationId::parse(parts[1]);
    if (!conversation) return bad_cursor();
    C4A_TRY(const auto seq, cursor_number(parts[2]));
    before = {static_cast<TimestampMs>(at), *conversation, Seq{seq}};
  }

  std::vector<Reader> readers;
  C4A_TRY(const auto refs, store_.conversations_of(actor));
  for (const auto& ref : refs) {
    auto access = read_access(store_, ref.id, actor);
    if (!access) continue;
    Reader reader(store_, std::move(*access));
    C4A_TRY(const bool there, reader.start_before(before));
    if (there) readers.push_back(std::move(reader));
  }
  const auto older = [&](std::size_t a, std::size_t b) {
    return place_of(readers[a].current()) < place_of(readers[b].current());
  };
  std::priority_queue<std::size_t, std::vector<std::size_t>, decltype(older)> newest(older);
  for (std::size_t i = 0; i < readers.size(); ++i) newest.push(i);

  std::vector<Message> found;
  std::optional<Place> reached;
  for (std::size_t read = 0; read < kReadPerRequest && !newest.empty() && found.size() < page.limit; ++read) {
    const std::size_t at = newest.top();
    newest.pop();
    const Message& message = readers[at].current();
    reached = place_of(message);
    if (matches(wanted, text_of(message))) found.push_back(message);
    C4A_TRY(const bool there, readers[at].advance());
    if (there) newest.push(at);
  }

  std::string out;
  JsonWriter json(out);
  json.begin_object().key("items").begin_array();
  for (auto& message : found) {
    C4A_TRY(const auto receipts, Receipts::load(store_, message.conversation_id));
    MessageView view;
    view.status = receipts.status_of(message);
    C4A_TRY(view.reactions, reaction_counts(store_, message));
    view.message = std::move(message);
    json.raw(message_view_json(view, nullptr));
  }
  json.end_array().key("next_cursor");
  if (!newest.empty() && reached) {
    json.value(make_cursor(
        list, {std::to_string(reached->at), reached->conversation.str(), std::to_string(reached->seq.value)}));
  } else {
    json.null();
  }
  json.end_object();
  return out;
}

}  // namespace c4a
