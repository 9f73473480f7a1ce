#include "app/demo.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "operations/send_message.h"
#include "router/submit.h"

namespace c4a {
namespace {

struct Person {
  const char* id;
  const char* name;
};
struct Line {
  const char* from;
  const char* text;
};

constexpr Person kPeople[] = {{"ana", "Ana"}, {"bruno", "Bruno"}, {"carla", "Carla"}};
constexpr Line kPrivate[] = {
    {"ana", "Oi, Bruno! Did the parcel arrive?"},
    {"bruno", "It did, an hour ago. Everything is in one piece."},
    {"ana", "Great. Could you send me a picture when you have a moment?"},
    {"bruno", "Sure, after lunch."},
    {"ana", "Thank you!"},
};
constexpr Line kGroup[] = {
    {"carla", "Good morning! The new shelf is up."},
    {"ana", "Already? You are fast."},
    {"bruno", "I come by at three and have a look."},
    {"carla", "Bring coffee, please."},
};
constexpr const char* kGroupMetadata = R"({"title":"Shop","demo":true})";

class Demo {
 public:
  explicit Demo(const DemoParts& parts) : parts_(parts) {}

  Result<> make() {
    for (const Person& person : kPeople) C4A_CHECK(create(person));
    C4A_TRY(const auto pair, parts_.conversations.create({"ana"}, {ConversationType::kPrivate, {{"bruno"}}, "{}"}));
    C4A_TRY(const auto group, find_or_create_group());
    C4A_CHECK(say(pair.view.conversation.id, kPrivate, "private"));
    C4A_CHECK(say(group, kGroup, "group"));
    C4A_CHECK(parts_.conversations.acknowledge({"bruno"}, pair.view.conversation.id, {{}, Seq{4}, {}, true}));
    C4A_CHECK(parts_.conversations.acknowledge({"ana"}, group, {{}, Seq{3}, {}, false}));
    const Request reaction = ReactToMessage{id_of("group", 0), "👍", true};
    C4A_CHECK(submit(parts_.log, Command{group, {"ana"}, parts_.clock.now_ms(), 0, reaction}));
    return {};
  }

 private:
  Result<> create(const Person& person) {
    C4A_TRY(auto body,
            parse_json_object(fmt::format(R"({{"user_id":"{}","display_name":"{}"}})", person.id, person.name)));
    const auto made = parts_.users.create(Identity::local_operator(), std::move(body));
    if (!made && made.error().code != ErrorCode::kUserExists) return std::unexpected(made.error());
    return {};
  }

  Result<ConversationId> find_or_create_group() {
    PageRequest page;
    page.limit = 200;
    C4A_TRY(const auto list, parts_.conversations.list({"ana"}, page));
    const auto found = std::ranges::find_if(
        list.items, [](const auto& item) { return item.conversation.metadata.contains(R"("demo":true)"); });
    if (found != list.items.end()) return found->conversation.id;
    C4A_TRY(const auto made,
            parts_.conversations.create({"carla"}, {ConversationType::kGroup, {{"ana"}, {"bruno"}}, kGroupMetadata}));
    return made.view.conversation.id;
  }

  static MessageId id_of(std::string_view place, std::size_t number) {
    return {Uuid::from_name(fmt::format("chat4all demo {} {}", place, number))};
  }

  // A message that is there already is recognised by its id.
  Result<> say(const ConversationId& conversation, std::span<const Line> lines, std::string_view place) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
      C4A_TRY(auto body, parse_json_object(fmt::format(
                             R"({{"message_id":"{}","conversation_id":"{}","payload":{{"type":"text","text":"{}"}}}})",
                             id_of(place, i).str(), conversation.str(), lines[i].text)));
      SendContext context;
      context.actor = {lines[i].from};
      context.now = said_at_ = std::max(said_at_ + 1, parts_.clock.now_ms());
      C4A_TRY(auto command, read_send(std::move(body), context));
      C4A_CHECK(submit(parts_.log, std::move(command)));
    }
    return {};
  }

  const DemoParts& parts_;
  TimestampMs said_at_ = 0;  // no two lines at once: the list of conversations is in order of time
};

}  // namespace

Result<> make_demo(const DemoParts& parts) { return Demo(parts).make(); }

}  // namespace c4a
