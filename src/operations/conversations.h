#pragma once

// What can be asked of conversations and their members. Everything blocks: for worker threads. Errors are those of
// domain/authorize.h and router/, and kUnavailable.

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "message_log/message_log.h"
#include "message_store/message_store.h"
#include "metadata_store/metadata_store.h"
#include "operations/cursor.h"
#include "operations/read_access.h"

namespace c4a {

// A conversation as one member sees it.
struct ConversationView {
  Conversation conversation;
  std::vector<UserId> members;  // the first 200
  std::size_t member_count = 0;
  struct Own {  // only for a reader, not in the answer to a creation
    std::optional<Message> last_message;
    std::uint64_t unread_count = 0;
    Seq read_up_to;
    Seq delivered_up_to;
    std::optional<TimestampMs> left_at;
  };
  std::optional<Own> own;
  struct Receipt {
    UserId user_id;
    Seq delivered_up_to;
    Seq read_up_to;
  };
  std::optional<std::vector<Receipt>> receipts;  // up to 100 members
};

std::string conversation_json(const ConversationView& view);

struct CreatedConversation {
  ConversationView view;
  bool created = true;  // false: a private conversation of the pair existed
};

struct NewConversation {
  ConversationType type = ConversationType::kPrivate;
  std::vector<UserId> members;
  std::string metadata = "{}";
};

struct ConversationPage {
  std::vector<ConversationView> items;
  std::optional<std::string> next_cursor;
};

struct MemberPage {
  std::vector<Member> items;
  std::optional<std::string> next_cursor;
};

class Conversations {
 public:
  Conversations(MessageStore& store, MessageLog& log, MetadataStore& metadata, const Clock& clock)
      : store_(store), log_(log), metadata_(metadata), clock_(clock) {}

  Result<CreatedConversation> create(const UserId& actor, NewConversation request);
  Result<ConversationView> get(const UserId& actor, const ConversationId& id);
  Result<ConversationPage> list(const UserId& actor, const PageRequest& page);
  Result<ConversationView> update(const UserId& actor, const ConversationId& id, std::string metadata_patch);
  Result<> remove(const UserId& actor, const ConversationId& id);

  Result<MemberPage> members(const UserId& actor, const ConversationId& id, const PageRequest& page);
  struct MemberChange {
    Member member;
    Version version;
  };
  Result<MemberChange> add_member(const UserId& actor, const ConversationId& id, AddMember add);
  Result<MemberChange> update_member(const UserId& actor, const ConversationId& id, UpdateMember update);
  Result<> remove_member(const UserId& actor, const ConversationId& id, const UserId& user);
  // The account is gone: it leaves everything it was in.
  Result<> leave_everything(const UserId& user);

  Result<> acknowledge(const UserId& actor, const ConversationId& id, Acknowledge ack);
  Result<> typing(const UserId& actor, const ConversationId& id);

 private:
  Result<Decision> run(const UserId& actor, const ConversationId& id, Request request);
  Result<ConversationView> view(Conversation conversation);
  // `last_message`: at access.until().
  Result<ConversationView> view_for(const UserId& actor, ReadAccess access, const Progress& progress,
                                    std::optional<Message> last_message);
  Result<> add_receipts(ConversationView& view);
  struct PlaceInList {
    TimestampMs active_at;
    ConversationId id;
    auto operator<=>(const PlaceInList&) const = default;
  };
  struct Listed {
    PlaceInList place;
    Standing standing;
  };
  // The user's conversations, latest message first, without those they left.
  Result<std::vector<Listed>> list_all(const UserId& user);
  Result<std::uint64_t> count_unread(const UserId& actor, const ReadAccess& access, const Progress& progress);
  Result<> require_users(const std::vector<UserId>& users, std::string_view pointer);
  Result<CreatedConversation> create_private(const UserId& actor, CreateConversation request);
  Result<MemberChange> changed_member(const ConversationId& id, const UserId& user, const Decision& decision);

  MessageStore& store_;
  MessageLog& log_;
  MetadataStore& metadata_;
  const Clock& clock_;
};

}  // namespace c4a
